import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { ApiError, requestNotFound } from '../../contract/errors.ts';
import type { RequestRecord } from '../../contract/request-record.ts';
import type { Gateway } from '../gateway.ts';
import { baseUrl } from '../http/base-url.ts';

/**
 * Resolves with the record of a request once it is COMPLETED or FAILED; its id stands in the answer's headers
 * whatever happens.
 * @throws ApiError deadline when it has not ended in time, when the client hangs up or when the server
 * closes: it goes on.
 */
export type Wait = (request: FastifyRequest, reply: FastifyReply, id: string) => Promise<RequestRecord>;

export function createWait(app: FastifyInstance, { producer, settings }: Gateway): Wait {
  const closing = new AbortController();
  app.addHook('preClose', async () => closing.abort());
  return async (request, reply, id) => {
    reply.header('x-request-id', id);
    const gone = new AbortController();
    reply.raw.once('close', () => gone.abort());
    const signal = AbortSignal.any([gone.signal, closing.signal]);
    const record = await producer.waitFor(id, settings.v1DeadlineSeconds * 1000, signal);
    if (record === undefined) throw requestNotFound(id);
    if (record.finishedAt !== undefined) return record;
    const base = baseUrl(request, settings.publicUrl);
    throw new ApiError(
      'deadline',
      `Request ${id} was not finished in time and goes on: poll ${base}/v2/requests/${id}/status`,
    );
  };
}
