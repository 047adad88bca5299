import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { ApiError, requestNotFound } from '../../contract/errors.ts';
import type { RequestRecord } from '../../contract/request-record.ts';
import { statusBody, statusCode, submitReply, syncBody, syncHeaders } from '../../contract/responses.ts';
import { slugs } from '../../contract/slugs.ts';
import { readBalance } from '../../jobs/credits.ts';
import type { Accept } from '../accept.ts';
import { baseUrl } from '../base-url.ts';
import { refuseOtherMethods } from '../errors.ts';
import type { Gateway } from '../gateway.ts';
import { picturesOf } from '../pictures.ts';
import { assertContentType, readBody } from '../read-body.ts';

/** `POST /v2/<slug>` queues; `POST /v1/<slug>` queues and waits. */
export function submitRoutes(app: FastifyInstance, gateway: Gateway, accept: Accept): void {
  const { producer, settings } = gateway;
  const closing = new AbortController();
  app.addHook('preClose', async () => closing.abort());
  app.addHook('onRequest', async (request) => assertContentType(request));

  for (const [slug, endpoint] of Object.entries(slugs)) {
    const bodyLimit = endpoint === 'sdxl-img2img' ? settings.imageBodyLimit : settings.bodyLimit;
    const submit = async (request: FastifyRequest) =>
      accept(endpoint, await readBody(request, bodyLimit), request.owner);

    app.post(`/v2/${slug}`, { bodyLimit }, async (request) =>
      submitReply(baseUrl(request, settings.publicUrl), await submit(request)),
    );

    app.post(`/v1/${slug}`, { bodyLimit }, async (request, reply) => {
      const id = await submit(request);
      const gone = new AbortController();
      reply.raw.once('close', () => gone.abort());
      const signal = AbortSignal.any([gone.signal, closing.signal]);
      const record = await producer.waitFor(id, settings.syncDeadlineMs, signal);
      return await answer(reply, id, baseUrl(request, settings.publicUrl), record);
    });
  }

  const answer = async (reply: FastifyReply, id: string, base: string, record: RequestRecord | undefined) => {
    reply.header('x-request-id', id);
    if (record === undefined) throw requestNotFound(id);
    if (record.status === 'FAILED') return reply.code(statusCode(record)).send(statusBody(base, record));
    if (record.status !== 'COMPLETED')
      throw new ApiError(
        'deadline',
        `Request ${id} was not finished in time and goes on: poll ${base}/v2/requests/${id}/status`,
      );
    const { remaining } = await readBalance(producer.redis, record.owner);
    reply.headers(syncHeaders(record, new Date(), remaining));
    if (record.request.base64) return syncBody(record, await picturesOf(producer, record));
    const [picture] = await picturesOf(producer, record, 1);
    return reply.type(record.result!.images[0]!.contentType).send(picture);
  };
}

/** Registered apart, so that a wrong verb is told so whether or not it brings a key or a body. */
export function refuseOtherSubmits(app: FastifyInstance): void {
  for (const slug of Object.keys(slugs)) {
    refuseOtherMethods(app, `/v1/${slug}`, ['POST']);
    refuseOtherMethods(app, `/v2/${slug}`, ['POST']);
  }
}
