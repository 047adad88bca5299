import type { FastifyRequest } from 'fastify';
import { requestNotFound } from '../../contract/errors.ts';
import type { RequestRecord } from '../../contract/request-record.ts';
import type { Producer } from '../../jobs/producer.ts';

const uuid = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

export type ById = FastifyRequest<{ Params: { id: string } }>;

/**
 * The request of that address.
 * @throws the same 404 for an unknown, an expired and somebody else's request.
 */
export async function findRequest(
  producer: Producer,
  { params: { id }, owner }: ById,
): Promise<RequestRecord> {
  const record = uuid.test(id) ? await producer.read(id) : undefined;
  if (record === undefined || record.owner !== owner) throw requestNotFound(id);
  return record;
}
