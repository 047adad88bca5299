import type { FastifyInstance } from 'fastify';
import { resultBody, statusBody, statusCode } from '../../contract/answers/responses.ts';
import { ApiError, requestNotFound } from '../../contract/errors.ts';
import { cancelledFailure } from '../../jobs/job-error.ts';
import { readBalance } from '../../jobs/keys/credits.ts';
import type { Gateway } from '../gateway.ts';
import { baseUrl } from '../http/base-url.ts';
import { type ById, findRequest } from './find-request.ts';
import { picturesOf } from './pictures-of.ts';

/**
 * Polling: `GET /v2/requests/{id}/status` and the result, which the submit reply's `poll_url` has under /v1
 * too.
 */
export function requestRoutes(app: FastifyInstance, { producer, settings }: Gateway): void {
  app.get('/v2/requests/:id/status', async (request: ById, reply) => {
    const record = await findRequest(producer, request);
    return reply.code(statusCode(record)).send(statusBody(baseUrl(request, settings.publicUrl), record));
  });

  // A second cancel finds what the first one made, so that a client that heard nothing may try again.
  app.delete('/v2/requests/:id', async (request: ById) => {
    await findRequest(producer, request);
    const record = await producer.cancel(request.params.id);
    if (record === undefined) throw requestNotFound(request.params.id);
    if (record.error !== cancelledFailure)
      throw new ApiError('conflict', `Request ${record.id} has already ended as ${record.status}`);
    return statusBody(baseUrl(request, settings.publicUrl), record);
  });

  for (const version of ['v1', 'v2']) {
    app.get(`/${version}/requests/:id`, async (request: ById, reply) => {
      const record = await findRequest(producer, request);
      const base = baseUrl(request, settings.publicUrl);
      if (record.status !== 'COMPLETED') return reply.code(statusCode(record)).send(statusBody(base, record));
      const { remaining } = await readBalance(producer.redis, record.owner);
      return record.request.base64
        ? resultBody(base, record, remaining, await picturesOf(producer, record))
        : resultBody(base, record, remaining);
    });
  }
}

const polled = ['GET', 'HEAD'];

/** Addresses of a request and the verbs they know. */
export const requestPaths: Readonly<Record<string, readonly string[]>> = {
  '/v1/requests/:id': polled,
  '/v2/requests/:id': [...polled, 'DELETE'],
  '/v2/requests/:id/status': polled,
  '/v2/requests/:id/events': ['GET'],
};
