import { requestNotFound } from '../../contract/errors.ts';
import type { RequestRecord } from '../../contract/request-record.ts';
import type { Producer } from '../../jobs/producer.ts';

/**
 * The bytes of a COMPLETED request's pictures, the first `count` of them.
 * @throws ApiError notFound when they expired since the record was read.
 */
export async function picturesOf(
  producer: Pick<Producer, 'readOutput'>,
  record: RequestRecord,
  count?: number,
): Promise<Buffer[]> {
  const images = record.result!.images.slice(0, count);
  return await Promise.all(
    images.map(async ({ path }) => {
      const picture = await producer.readOutput(path);
      if (picture === undefined) throw requestNotFound(record.id);
      return picture.bytes;
    }),
  );
}
