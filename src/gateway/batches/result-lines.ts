import { resultBody } from '../../contract/answers/responses.ts';
import type { ResponseBody } from '../../contract/openapi/response-schemas.ts';
import { type LineOutcome, readOutcomes } from '../../jobs/batches/batch-lines.ts';
import { type Batch, type BatchLine, readLines } from '../../jobs/batches/batches.ts';
import { readBalance } from '../../jobs/keys/credits.ts';
import type { Producer } from '../../jobs/producer.ts';

/** Lines read at a time. */
const chunk = 50;

/**
 * Results as JSON lines, in the order of the batch; lines under way are left out. Of a cancelled batch the
 * lines that never began have one too.
 * @param first line that is told of, from 1.
 */
export async function* resultLines(
  producer: Producer,
  base: string,
  { id, owner, total, next, cancelledAt }: Batch,
  first: number,
): AsyncGenerator<string, void> {
  const { redis } = producer;
  const outcomes = await readOutcomes(redis, id);
  const { remaining } = await readBalance(redis, owner);
  for (let from = first - 1; from < total; from += chunk) {
    const lines = await readLines(redis, id, from, chunk);
    const told = lines.map(async (line, offset) => {
      const index = from + offset;
      const untouched = cancelledAt !== undefined && index >= next;
      const outcome = outcomes.get(index) ?? (untouched ? ({ status: 'CANCELLED' } as const) : undefined);
      return outcome && (await resultLine(producer, { base, remaining, index }, line, outcome));
    });
    const text = (await Promise.all(told)).filter((each) => each !== undefined);
    if (text.length > 0) yield text.map((each) => `${JSON.stringify(each)}\n`).join('');
  }
}

interface Told {
  readonly base: string;
  readonly remaining: number | undefined;
  readonly index: number;
}

async function resultLine(
  producer: Producer,
  { base, remaining, index }: Told,
  { customId }: BatchLine,
  { status, requestId, error }: LineOutcome,
): Promise<ResponseBody<'BatchResult'>> {
  const record =
    status === 'COMPLETED' && requestId !== undefined ? await producer.read(requestId) : undefined;
  const result = record?.result === undefined ? null : resultBody(base, record, remaining);
  const lost = status === 'COMPLETED' && result === null ? 'The result has expired' : null;
  return {
    ...{ line: index + 1, custom_id: customId ?? null, status, request_id: requestId ?? null },
    ...{ error: error ?? (status === 'CANCELLED' ? 'Cancelled' : lost), result },
  };
}
