import { setTimeout } from 'node:timers/promises';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { ApiError, requestNotFound } from '../../contract/errors.ts';
import type { RequestRecord } from '../../contract/request-record.ts';
import { isUnavailable } from '../../jobs/redis/unavailable.ts';
import type { Gateway } from '../gateway.ts';
import { baseUrl } from '../http/base-url.ts';
import { clientGone } from '../http/client-gone.ts';

/**
 * Resolves with what `whole` makes of a request once it is COMPLETED or FAILED; its id stands in the answer's
 * headers whatever happens. `onPicture` hears the path of its first picture as soon as there is one: what
 * `whole` will need can be read beside the record. An outage of Redis is waited out: the request goes on, and
 * is paid for.
 * @throws ApiError deadline when it has not ended in time, when Redis is still away then, when the client
 * hangs up or when the server closes.
 */
export type Wait = <Whole>(
  request: FastifyRequest,
  reply: FastifyReply,
  id: string,
  whole: (record: RequestRecord) => Promise<Whole>,
  onPicture?: (path: string) => void,
) => Promise<Whole>;

/** While Redis is away it is asked again this often. */
const awayMs = 250;

export function createWait(
  app: FastifyInstance,
  { producer, settings }: Pick<Gateway, 'producer' | 'settings'>,
): Wait {
  const closing = new AbortController();
  app.addHook('preClose', async () => closing.abort());
  return async (request, reply, id, whole, onPicture) => {
    reply.header('x-request-id', id);
    const signal = AbortSignal.any([clientGone(reply), closing.signal]);
    const until = performance.now() + settings.v1DeadlineSeconds * 1000;
    const left = () => (signal.aborted ? 0 : until - performance.now());
    while (left() > 0) {
      try {
        const record = await producer.waitFor(id, left(), signal, onPicture);
        if (record === undefined) throw requestNotFound(id);
        if (record.finishedAt !== undefined) return await whole(record);
      } catch (error) {
        if (!isUnavailable(error)) throw error;
        await setTimeout(Math.min(awayMs, Math.max(0, left())));
      }
    }
    throw lateAnswer(baseUrl(request, settings.publicUrl), id);
  };
}

/** What a client is told that has waited long enough. @param base public, see baseUrl. */
export function lateAnswer(base: string, id: string): ApiError {
  return new ApiError(
    'deadline',
    `Request ${id} was not finished in time and goes on: poll ${base}/v2/requests/${id}/status`,
  );
}
