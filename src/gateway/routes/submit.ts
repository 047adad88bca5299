import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import {
  statusBody,
  statusCode,
  submitReply,
  syncBody,
  syncHeaders,
} from '../../contract/answers/responses.ts';
import { ApiError } from '../../contract/errors.ts';
import type { RequestRecord } from '../../contract/request-record.ts';
import { modelsServed } from '../../contract/served-models.ts';
import { type SlugName, slugNames, slugs } from '../../contract/slugs.ts';
import type { Gateway } from '../gateway.ts';
import { requireApiKey } from '../http/auth.ts';
import { baseUrl } from '../http/base-url.ts';
import { gateBodies, pictureLimits } from '../http/body-gate.ts';
import { clientGone } from '../http/client-gone.ts';
import { refuseOtherMethods, unknownPath } from '../http/errors.ts';
import type { MemoryPool } from '../http/memory-pool.ts';
import type { Accept } from '../submit/accept.ts';
import { assertContentType, type RawBody, readBody } from '../submit/read-body.ts';
import { createWait } from '../submit/wait.ts';
import type { WorkerList } from '../submit/worker-list.ts';
import { picturesOf } from './pictures-of.ts';
import { createReadAhead, type ReadAhead } from './read-ahead.ts';

const waitingPaths = (slug: SlugName) => [`/v1/${slug}`, `/v1/models/${slug}`];
const queueingPath = (slug: SlugName) => `/v2/${slug}`;

/** `POST /v2/<slug>` queues; `POST /v1/<slug>` and `POST /v1/models/<slug>` queue and wait. */
export function submitRoutes(
  app: FastifyInstance,
  gateway: Gateway,
  accept: Accept,
  bodies: MemoryPool,
): void {
  const { settings } = gateway;
  const mount = createMount(app, gateway, accept);
  app.addHook('onRequest', async (request) => assertContentType(request));
  gateBodies(app, bodies);
  for (const slug of slugNames) {
    const takesPicture = slugs[slug].endpoint === 'sdxl-img2img';
    mount(queueingPath(slug), waitingPaths(slug), {
      limits: takesPicture ? pictureLimits(settings) : { bodyLimit: settings.bodyLimit },
      formLimit: takesPicture ? settings.imageBodyLimit : settings.bodyLimit,
      slugOf: () => slug,
      addressed: (body) => ({ slug, body }),
    });
  }
}

/** What is particular to an address, or to all addresses of a kind. */
interface Address {
  readonly limits: object;
  /** Bytes of a form. */
  readonly formLimit: number;
  /** The name in the address. */
  slugOf(request: FastifyRequest): string;
  /** The endpoint's own body for what was sent there. */
  addressed(body: RawBody, slug: string): { readonly slug: SlugName; readonly body: RawBody };
}

function createMount(app: FastifyInstance, { producer, settings }: Gateway, accept: Accept) {
  const wait = createWait(app, { producer, settings });
  const answer = async (reply: FastifyReply, base: string, record: RequestRecord, ahead: ReadAhead) => {
    if (record.status === 'FAILED') return reply.code(statusCode(record)).send(statusBody(base, record));
    const { base64 } = record.request;
    const [{ remaining }, pictures] = await Promise.all([
      ahead.balance(),
      picturesOf(ahead, record, base64 ? undefined : 1),
    ]);
    reply.headers(syncHeaders(record, new Date(), remaining));
    if (base64) return syncBody(record, pictures);
    const [picture] = pictures;
    return reply.type(record.result!.images[0]!.contentType).send(picture);
  };

  return (queueing: string, waiting: readonly string[], address: Address): void => {
    const { limits, formLimit, slugOf, addressed } = address;
    const onRequest = async (request: FastifyRequest) => {
      const slug = slugOf(request);
      if (settings.retiredSlugs.includes(slug)) throw new ApiError('retired', `${slug} is retired`);
    };
    const submit = async (request: FastifyRequest, reply: FastifyReply) => {
      const { headers, apiKey, owner, origin, takeRoom } = request;
      const base = baseUrl(request, settings.publicUrl);
      const { slug, body } = addressed(await readBody(request, formLimit), slugOf(request));
      const id = await accept(slug, body, {
        ...{ headers, apiKey, owner, origin, takeRoom, base },
        gone: clientGone(reply),
      });
      request.releaseBody();
      return id;
    };

    app.post(queueing, { ...limits, onRequest }, async (request, reply) =>
      submitReply(baseUrl(request, settings.publicUrl), await submit(request, reply)),
    );
    for (const path of waiting)
      app.post(path, { ...limits, onRequest }, async (request, reply) => {
        const id = await submit(request, reply);
        const base = baseUrl(request, settings.publicUrl);
        const ahead = createReadAhead(producer, request.owner);
        return await wait(request, reply, id, (record) => answer(reply, base, record, ahead), ahead.begin);
      });
  };
}

/**
 * `POST /v2/<name>` and `POST /v1/<name>` of every served base model: text to image with it, or image to
 * image where the body brings a picture. A name that is not served is answered as any unknown address, before
 * anything else is asked.
 */
export async function modelRoutes(
  app: FastifyInstance,
  gateway: Gateway,
  accept: Accept,
  workers: WorkerList,
  bodies: MemoryPool,
): Promise<void> {
  const { settings } = gateway;
  const nameOf = (request: FastifyRequest) => (request.params as { model: string }).model;
  app.addHook('onRequest', async (request) => {
    const models = modelsServed(await workers.expected());
    const isKnown = models.some(({ id, kind }) => kind === 'base' && id === nameOf(request));
    if (!isKnown) throw unknownPath(request);
  });
  for (const path of modelPaths) refuseOtherMethods(app, path, ['POST']);
  await app.register(async (keyed) => {
    requireApiKey(keyed, gateway);
    keyed.addHook('onRequest', async (request) => assertContentType(request));
    gateBodies(keyed, bodies);
    const [waiting, queueing] = modelPaths;
    createMount(keyed, gateway, accept)(queueing, [waiting], {
      limits: pictureLimits(settings),
      formLimit: settings.imageBodyLimit,
      slugOf: nameOf,
      addressed: (body, name) => {
        const fields = body.fields as { readonly image?: unknown } | null | undefined;
        const isEdit = body.file !== undefined || (fields?.image ?? undefined) !== undefined;
        const own = isEdit ? { base_model: name } : { model: name };
        const isObject = typeof fields === 'object' && fields !== null && !Array.isArray(fields);
        return {
          slug: isEdit ? 'sdxl-img2img' : 'sdxl1.0-txt2img',
          body: isObject ? { ...body, model: name, fields: { ...fields, ...own } } : body,
        };
      },
    });
  });
}

const modelPaths = ['/v1/:model', '/v2/:model'] as const;

/** Registered apart, so that a wrong verb is told so whether or not it brings a key or a body. */
export function refuseOtherSubmits(app: FastifyInstance): void {
  for (const slug of slugNames) {
    refuseOtherMethods(app, `/v1/${slug}`, ['POST']);
    refuseOtherMethods(app, queueingPath(slug), ['POST']);
    // Read, it is the model of that name: see openai.ts.
    refuseOtherMethods(app, `/v1/models/${slug}`, ['POST', 'GET', 'HEAD']);
  }
}
