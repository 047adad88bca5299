import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { ApiError } from '../../contract/errors.ts';
import type { RequestRecord } from '../../contract/request-record.ts';
import { statusBody, statusCode, submitReply, syncBody, syncHeaders } from '../../contract/responses.ts';
import { type SlugName, slugNames, slugs } from '../../contract/slugs.ts';
import { readBalance } from '../../jobs/records/credits.ts';
import type { Gateway } from '../gateway.ts';
import { baseUrl } from '../http/base-url.ts';
import { gateBodies, pictureLimits } from '../http/body-gate.ts';
import { clientGone } from '../http/client-gone.ts';
import { refuseOtherMethods } from '../http/errors.ts';
import type { MemoryPool } from '../http/memory-pool.ts';
import type { Accept } from '../submit/accept.ts';
import { assertContentType, readBody } from '../submit/read-body.ts';
import { createWait } from '../submit/wait.ts';
import { picturesOf } from './pictures-of.ts';

const waitingPaths = (slug: SlugName) => [`/v1/${slug}`, `/v1/models/${slug}`];
const queueingPath = (slug: SlugName) => `/v2/${slug}`;

/** `POST /v2/<slug>` queues; `POST /v1/<slug>` and `POST /v1/models/<slug>` queue and wait. */
export function submitRoutes(
  app: FastifyInstance,
  gateway: Gateway,
  accept: Accept,
  bodies: MemoryPool,
): void {
  const { producer, settings } = gateway;
  const wait = createWait(app, gateway);
  app.addHook('onRequest', async (request) => assertContentType(request));
  gateBodies(app, bodies);

  for (const slug of slugNames) {
    const takesPicture = slugs[slug].endpoint === 'sdxl-img2img';
    const limits = takesPicture ? pictureLimits(settings) : { bodyLimit: settings.bodyLimit };
    const formLimit = takesPicture ? settings.imageBodyLimit : settings.bodyLimit;
    const onRequest = async () => {
      if (settings.retiredSlugs.includes(slug)) throw new ApiError('retired', `${slug} is retired`);
    };
    const submit = async (request: FastifyRequest, reply: FastifyReply) => {
      const { headers, apiKey, owner, takeRoom } = request;
      const base = baseUrl(request, settings.publicUrl);
      const body = await readBody(request, formLimit);
      const id = await accept(slug, body, {
        ...{ headers, apiKey, owner, takeRoom, base },
        gone: clientGone(reply),
      });
      request.releaseBody();
      return id;
    };

    app.post(queueingPath(slug), { ...limits, onRequest }, async (request, reply) =>
      submitReply(baseUrl(request, settings.publicUrl), await submit(request, reply)),
    );

    for (const path of waitingPaths(slug))
      app.post(path, { ...limits, onRequest }, async (request, reply) => {
        const id = await submit(request, reply);
        const base = baseUrl(request, settings.publicUrl);
        return await wait(request, reply, id, (record) => answer(reply, base, record));
      });
  }

  const answer = async (reply: FastifyReply, base: string, record: RequestRecord) => {
    if (record.status === 'FAILED') return reply.code(statusCode(record)).send(statusBody(base, record));
    const { base64 } = record.request;
    const [{ remaining }, pictures] = await Promise.all([
      readBalance(producer.redis, record.owner),
      picturesOf(producer, record, base64 ? undefined : 1),
    ]);
    reply.headers(syncHeaders(record, new Date(), remaining));
    if (base64) return syncBody(record, pictures);
    const [picture] = pictures;
    return reply.type(record.result!.images[0]!.contentType).send(picture);
  };
}

/** Registered apart, so that a wrong verb is told so whether or not it brings a key or a body. */
export function refuseOtherSubmits(app: FastifyInstance): void {
  for (const slug of slugNames) {
    refuseOtherMethods(app, `/v1/${slug}`, ['POST']);
    refuseOtherMethods(app, queueingPath(slug), ['POST']);
    // Read, it is the model of that name: see openai.ts.
    refuseOtherMethods(app, `/v1/models/${slug}`, ['POST', 'GET', 'HEAD']);
  }
}
