import type { FastifyInstance } from 'fastify';
import { capabilitiesBody, inputImageBody, tokenizeBody } from '../../contract/answers/capabilities.ts';
import { parseFields } from '../../contract/bodies/fields.ts';
import { lorasOf } from '../../contract/bodies/lora-fields.ts';
import { styleNamed } from '../../contract/names/style-names.ts';
import { baseName } from '../../contract/served-names.ts';
import { version } from '../../process/software.ts';
import { chunkLength } from '../../text/chunks.ts';
import type { Gateway } from '../gateway.ts';
import { gateBodies, pictureLimits } from '../http/body-gate.ts';
import { clientGone } from '../http/client-gone.ts';
import { gzipText } from '../http/compression.ts';
import type { MemoryPool } from '../http/memory-pool.ts';
import { createTurns } from '../http/turns.ts';
import type { InputImages } from '../submit/input-image.ts';
import { unknownWordWarnings } from '../submit/known-words.ts';
import { embeddingsNamed } from '../submit/named-embeddings.ts';
import { isLong } from '../submit/prompt-check.ts';
import { assertContentType, readBody } from '../submit/read-body.ts';
import { type WorkerList, workersOf } from '../submit/worker-list.ts';
import { hasLabReport } from './lab.ts';

/** Addresses of these routes and the verbs they know. */
export const capabilityPaths: Readonly<Record<string, readonly string[]>> = {
  '/v1/capabilities': ['GET', 'HEAD'],
  '/v1/tokenize': ['POST'],
  '/v1/input-images': ['POST'],
};

/**
 * What a client wants to know before it submits: what may be asked, how long a prompt is, what an input
 * becomes.
 */
export function capabilityRoutes(
  app: FastifyInstance,
  gateway: Gateway,
  workers: WorkerList,
  inputs: InputImages,
  bodies: MemoryPool,
): void {
  const { producer, settings, countTokens } = gateway;

  app.get('/v1/capabilities', { onSend: gzipText }, async (_, reply) => {
    reply.header('cache-control', 'no-store');
    const [live, waiting] = await Promise.all([workers.live(), producer.countWaiting()]);
    return capabilitiesBody(live, {
      ...{ version, waiting, authentication: settings.auth, image_bytes: settings.imageBodyLimit },
      lab_report: hasLabReport(),
    });
  });

  const onRequest = async (request: Parameters<typeof assertContentType>[0]) => assertContentType(request);
  const turn = createTurns();
  gateBodies(app, bodies);
  app.post('/v1/tokenize', { bodyLimit: settings.bodyLimit, onRequest }, async (request) => {
    const { fields } = await readBody(request, settings.bodyLimit);
    const { prompt, negative_prompt: negativePrompt, style, base_model } = parseFields(tokenizeBody, fields);
    const live = await workers.live();
    const serving = workersOf(base_model ?? baseName, live);
    const texts = { prompt: lorasOf(prompt).prompt, negativePrompt, style: styleNamed(style) };
    const { embeddings, warnings } = embeddingsNamed(texts, serving);
    const described = { ...texts, embeddings };
    return {
      chunk_length: chunkLength - 2,
      ...(isLong(described) ? await turn(() => countTokens(described)) : countTokens(described)),
      warnings: [...warnings, ...unknownWordWarnings(base_model, described, live)],
    };
  });

  app.post('/v1/input-images', { ...pictureLimits(settings), onRequest }, async (request, reply) => {
    const { fields, file } = await readBody(request, settings.imageBodyLimit);
    const source = file ?? parseFields(inputImageBody, fields).image;
    const { owner, takeRoom } = request;
    const { png } = await inputs.read(source, { owner, takeRoom, gone: clientGone(reply) });
    return reply.type('image/png').send(png);
  });
}
