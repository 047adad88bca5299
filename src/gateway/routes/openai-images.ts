import { Readable } from 'node:stream';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { syncHeaders } from '../../contract/answers/responses.ts';
import { ApiError } from '../../contract/errors.ts';
import { openAiFailureOf } from '../../contract/openai/error.ts';
import { assertOnePicture, refuseMask } from '../../contract/openai/pictures.ts';
import { imagesReply } from '../../contract/openai/reply.ts';
import {
  type Size,
  type TranslatedBody,
  translateEdit,
  translateGeneration,
  translateVariation,
} from '../../contract/openai/translate.ts';
import type { RequestRecord } from '../../contract/request-record.ts';
import { slugs } from '../../contract/slugs.ts';
import { readBalance } from '../../jobs/keys/credits.ts';
import type { Gateway } from '../gateway.ts';
import { baseUrl } from '../http/base-url.ts';
import { gateBodies, pictureLimits } from '../http/body-gate.ts';
import { clientGone } from '../http/client-gone.ts';
import type { MemoryPool } from '../http/memory-pool.ts';
import type { Accept } from '../submit/accept.ts';
import { assertContentType, type RawBody, readBody } from '../submit/read-body.ts';
import { createWait, lateAnswer } from '../submit/wait.ts';
import { imageEvents } from './image-events.ts';
import { picturesOf } from './pictures-of.ts';

export const imagePaths = {
  generations: '/v1/images/generations',
  edits: '/v1/images/edits',
  variations: '/v1/images/variations',
};

/** `POST /v1/images/...`: queue and wait, or tell of the way there in events. */
export function imageRoutes(
  app: FastifyInstance,
  gateway: Gateway,
  accept: Accept,
  bodies: MemoryPool,
): void {
  const { producer, settings } = gateway;
  const wait = createWait(app, gateway);
  const closing = new AbortController();
  app.addHook('preClose', async () => closing.abort());
  app.addHook('onRequest', async (request) => assertContentType(request));
  gateBodies(app, bodies);

  const finish = async (base: string, record: RequestRecord, withPictures: boolean) => {
    const tokens = Object.values(gateway.countTokens(record.request)).flat();
    return {
      ...{ base, record, textTokens: tokens.reduce((sum, each) => sum + each, 0) },
      pictures: withPictures ? await picturesOf(producer, record) : undefined,
    };
  };

  const answer = async (
    request: FastifyRequest,
    reply: FastifyReply,
    translated: TranslatedBody,
    file?: Buffer,
  ) => {
    const { answer: asked, fields, overrides, warnings, size, slug, implied } = translated;
    const { endpoint } = slugs[slug];
    if (settings.retiredSlugs.includes(endpoint)) throw new ApiError('retired', `${endpoint} is retired`);
    const isEdit = endpoint === 'sdxl-img2img';
    const body: RawBody = {
      fields,
      ...{ overrides, warnings, implied },
      ...(file && { file }),
      ...(isEdit && size && { size: { ...size, fit: 'cover' } }),
    };
    const base = baseUrl(request, settings.publicUrl);
    const { headers, apiKey, owner, origin, takeRoom } = request;
    const gone = clientGone(reply);
    const id = await accept(slug, body, { headers, apiKey, owner, origin, takeRoom, base, gone });
    request.releaseBody();
    if (asked.partialImages !== undefined) {
      const late = AbortSignal.timeout(settings.v1DeadlineSeconds * 1000);
      const events = producer.watch(id, AbortSignal.any([gone, closing.signal, late]), settings.heartbeatMs);
      return reply
        .headers({ 'x-request-id': id, 'cache-control': 'no-cache, no-transform', 'x-accel-buffering': 'no' })
        .type('text/event-stream')
        .send(
          Readable.from(
            imageEvents({
              ...{ events, answer: asked, late: () => lateAnswer(base, id) },
              finish: (record) => finish(base, record, true),
            }),
          ),
        );
    }
    return await wait(request, reply, id, async (record) => {
      if (record.status === 'FAILED') {
        const failure = openAiFailureOf(asked.model, record.error);
        return reply.code(failure.status).send(failure.body);
      }
      const { remaining } = await readBalance(producer.redis, record.owner);
      reply.headers(syncHeaders(record, new Date(), remaining));
      return imagesReply(asked, await finish(base, record, asked.form !== 'url'));
    });
  };

  app.post(imagePaths.generations, { bodyLimit: settings.bodyLimit }, async (request, reply) => {
    const { fields } = await readBody(request, settings.bodyLimit);
    return await answer(request, reply, translateGeneration(fields));
  });

  for (const [path, translate] of [
    [imagePaths.edits, translateEdit],
    [imagePaths.variations, translateVariation],
  ] as const)
    app.post(path, pictureLimits(settings), async (request, reply) => {
      const { fields, file, fileNames = [] } = await readBody(request, settings.imageBodyLimit);
      if (fileNames.includes('mask') || hasMask(fields)) refuseMask();
      assertOnePicture(fileNames.length);
      const translated = translate(fields, file !== undefined);
      assertSizeAllowed(translated.size, settings.img2imgMaxPixels);
      return await answer(request, reply, translated, file);
    });
}

function hasMask(fields: unknown): boolean {
  const { mask } = (fields ?? {}) as { mask?: unknown };
  return mask !== undefined && mask !== null && mask !== '';
}

/** An input picture is made as large as that, and no larger than any. */
function assertSizeAllowed(size: Size | undefined, mostPixels: number): void {
  if (size === undefined || size.width * size.height <= mostPixels) return;
  throw new ApiError(
    'invalidParameter',
    `size must have at most ${mostPixels} pixels here, got "${size.width}x${size.height}"`,
  );
}
