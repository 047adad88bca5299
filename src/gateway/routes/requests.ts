import type { FastifyInstance, FastifyRequest } from 'fastify';
import { requestNotFound } from '../../contract/errors.ts';
import type { RequestRecord } from '../../contract/request-record.ts';
import { resultBody, statusBody, statusCode } from '../../contract/responses.ts';
import { readBalance } from '../../jobs/credits.ts';
import { baseUrl } from '../base-url.ts';
import type { Gateway } from '../gateway.ts';
import { picturesOf } from '../pictures.ts';

const uuid = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

type ById = FastifyRequest<{ Params: { id: string } }>;

/** Polling: `GET /v2/requests/{id}/status` and the result, which the submit reply's `poll_url` has under /v1 too. */
export function requestRoutes(app: FastifyInstance, { producer, settings }: Gateway): void {
  /** @throws the same 404 for an unknown, an expired and somebody else's request. */
  const find = async ({ params: { id }, owner }: ById): Promise<RequestRecord> => {
    const record = uuid.test(id) ? await producer.read(id) : undefined;
    if (record === undefined || record.owner !== owner) throw requestNotFound(id);
    return record;
  };

  app.get('/v2/requests/:id/status', async (request: ById, reply) => {
    const record = await find(request);
    return reply.code(statusCode(record)).send(statusBody(baseUrl(request, settings.publicUrl), record));
  });

  for (const version of ['v1', 'v2']) {
    app.get(`/${version}/requests/:id`, async (request: ById, reply) => {
      const record = await find(request);
      const base = baseUrl(request, settings.publicUrl);
      if (record.status !== 'COMPLETED') return reply.code(statusCode(record)).send(statusBody(base, record));
      const { remaining } = await readBalance(producer.redis, record.owner);
      return record.request.base64
        ? resultBody(base, record, remaining, await picturesOf(producer, record))
        : resultBody(base, record, remaining);
    });
  }
}

export const requestPaths = ['/v1/requests/:id', '/v2/requests/:id', '/v2/requests/:id/status'];
