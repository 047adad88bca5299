import { randomUUID } from 'node:crypto';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { a1111ErrorBody } from '../../../contract/a1111/errors.ts';
import { type Iteration, infoOf } from '../../../contract/a1111/info.ts';
import { parametersOf } from '../../../contract/a1111/parameters.ts';
import {
  type TranslatedA1111,
  translatePictures,
  translateTexts,
} from '../../../contract/a1111/translate.ts';
import { syncHeaders } from '../../../contract/answers/responses.ts';
import { maxSeed } from '../../../contract/bodies/variation-fields.ts';
import { ApiError } from '../../../contract/errors.ts';
import { infotextOf } from '../../../contract/infotext/request-infotext.ts';
import type { ResponseBody } from '../../../contract/openapi/response-schemas.ts';
import type { RequestRecord } from '../../../contract/request-record.ts';
import { cancelledFailure } from '../../../jobs/job-error.ts';
import { readBalance } from '../../../jobs/keys/credits.ts';
import { endCall, isStopped, saveCall } from '../../../jobs/records/iterated-calls.ts';
import { software, version } from '../../../process/software.ts';
import type { Gateway } from '../../gateway.ts';
import { baseUrl } from '../../http/base-url.ts';
import { gateBodies, pictureLimits } from '../../http/body-gate.ts';
import { clientGone } from '../../http/client-gone.ts';
import type { MemoryPool } from '../../http/memory-pool.ts';
import type { Accept } from '../../submit/accept.ts';
import { assertContentType, type RawBody, readBody } from '../../submit/read-body.ts';
import { createWait } from '../../submit/wait.ts';
import { picturesOf } from '../pictures-of.ts';
import type { Checkpoints } from './checkpoints.ts';

export const generationPaths: Readonly<Record<string, readonly string[]>> = {
  '/sdapi/v1/txt2img': ['POST'],
  '/sdapi/v1/img2img': ['POST'],
};

const operations = {
  txt2img: translateTexts,
  img2img: translatePictures,
} as const;

/**
 * `POST /sdapi/v1/txt2img` and `img2img`: a request of ours for each iteration, one after another, so that an
 * interruption keeps what was finished.
 */
export function generationRoutes(
  app: FastifyInstance,
  gateway: Gateway,
  accept: Accept,
  checkpoints: Checkpoints,
  bodies: MemoryPool,
): void {
  const { producer, settings } = gateway;
  const { redis } = producer;
  const wait = createWait(app, gateway);
  app.addHook('onRequest', async (request) => assertContentType(request));
  gateBodies(app, bodies);

  const iterate = async (
    operation: keyof typeof operations,
    request: FastifyRequest,
    reply: FastifyReply,
    translated: TranslatedA1111,
  ): Promise<Iterated> => {
    const { body, fields, endpoint, overrides, slug, size, implied } = translated;
    const { headers, apiKey, owner, origin, takeRoom } = request;
    const checkpoint = await checkpoints.fieldsFor(endpoint, owner, translated.checkpoint);
    const call = { id: randomUUID(), operation, since: Date.now(), iterations: body.n_iter };
    const gone = clientGone(reply);
    const finished: Finished[] = [];
    let first: RequestRecord | undefined;
    try {
      for (let iteration = 0; iteration < body.n_iter; iteration++) {
        if (iteration > 0 && (gone.aborted || (await isStopped(redis, owner, call.id)))) break;
        const seeds = first ? seedsOf(first, iteration * body.batch_size) : {};
        const raw: RawBody = {
          fields: { ...fields, ...checkpoint, ...seeds },
          ...{ overrides, implied },
          ...(size && { size }),
        };
        const id = await accept(slug, raw, {
          ...{ apiKey, owner, origin, takeRoom, gone, base: baseUrl(request, settings.publicUrl) },
          headers: iterationHeaders(headers, iteration),
        });
        if (iteration === body.n_iter - 1) request.releaseBody();
        await saveCall(redis, owner, { ...call, iteration, request: id });
        const record = await wait(request, reply, id, async (whole) => whole);
        first ??= record;
        if (record.status === 'COMPLETED')
          finished.push({ record, pictures: await picturesOf(producer, record) });
        else if (record.error !== cancelledFailure) return { failure: record.error ?? 'The request failed' };
      }
      return { finished };
    } finally {
      await endCall(redis, owner, call.id);
    }
  };

  const answer = async (
    reply: FastifyReply,
    translated: TranslatedA1111,
    finished: readonly Finished[],
    parameters: Record<string, unknown>,
  ): Promise<ResponseBody<'A1111Images'>> => {
    const last = finished.at(-1)?.record;
    if (last !== undefined) {
      const { remaining } = await readBalance(redis, last.owner);
      reply.headers(syncHeaders(last, new Date(), remaining));
    }
    const { width = translated.body.width, height = translated.body.height } = last?.request ?? {};
    const iterations: Iteration[] = finished.map(({ record }) => ({
      record,
      infotexts: record.result!.images.map(({ seed }, index) =>
        infotextOf(record.request, { index, seed, width, height, software }),
      ),
    }));
    const images = translated.body.send_images ? finished.flatMap(({ pictures }) => pictures) : [];
    return {
      images: images.map((bytes) => bytes.toString('base64')),
      parameters,
      info: infoOf(translated, iterations, { width, height }, version),
    };
  };

  for (const [operation, translate] of Object.entries(operations) as [
    keyof typeof operations,
    (typeof operations)[keyof typeof operations],
  ][])
    app.post(`/sdapi/v1/${operation}`, pictureLimits(settings), async (request, reply) => {
      const { fields: raw } = await readBody(request, settings.imageBodyLimit);
      const translated = translate(raw, settings.embedParameters !== 'off');
      assertServed(translated);
      const iterated = await iterate(operation, request, reply, translated);
      if (iterated.failure !== undefined) return reply.code(422).send(a1111ErrorBody(iterated.failure));
      return await answer(reply, translated, iterated.finished, parametersOf(operation, raw as object));
    });

  const assertServed = ({ endpoint, size }: TranslatedA1111): void => {
    if (settings.retiredSlugs.includes(endpoint)) throw new ApiError('retired', `${endpoint} is retired`);
    if (size !== undefined && size.width * size.height > settings.img2imgMaxPixels)
      throw new ApiError(
        'invalidParameter',
        `width times height must be at most ${settings.img2imgMaxPixels}, got ${size.width}x${size.height}`,
      );
  };
}

interface Finished {
  readonly record: RequestRecord;
  readonly pictures: readonly Buffer[];
}

type Iterated =
  | { readonly finished: readonly Finished[]; readonly failure?: undefined }
  /** Text for the client. */
  | { readonly failure: string };

/** As A1111 counts: pictures of a varied seed have that seed and further second ones. */
function seedsOf({ request: { seed, variation } }: RequestRecord, further: number): object {
  const later = (from: number) => (from + further) % (maxSeed + 1);
  return variation ? { seed, subseed: later(variation.seed) } : { seed: later(seed) };
}

/** Each iteration is a request of its own, and has a name of its own where the client names its call. */
function iterationHeaders(headers: FastifyRequest['headers'], iteration: number): FastifyRequest['headers'] {
  const key = headers['idempotency-key'];
  return key === undefined || iteration === 0
    ? headers
    : { ...headers, 'idempotency-key': `${key}-${iteration}` };
}
