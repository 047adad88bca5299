import { randomInt, randomUUID } from 'node:crypto';
import { parseImageToImage, parseTextToImage, type RequestDefaults } from '../contract/bodies.ts';
import type { Endpoint, GenerationRequest } from '../contract/generation.ts';
import { type SlugName, slugs } from '../contract/slugs.ts';
import type { ApiKey } from '../jobs/api-keys.ts';
import { assertAdmitted, createGate } from './admission.ts';
import { assertBaseModelInstalled, withInstalledRefiner } from './capabilities.ts';
import type { Gateway } from './gateway.ts';
import { inputImage } from './input-image.ts';
import type { RawBody } from './read-body.ts';
import type { WorkerList } from './worker-list.ts';

/** Validates a body, charges its key and puts the request in the queue; returns its id. */
export type Accept = (slug: SlugName, body: RawBody, apiKey: ApiKey) => Promise<string>;

export function createAccept(gateway: Gateway, workers: WorkerList): Accept {
  const { producer, settings, checkPrompts } = gateway;
  const assertOpen = createGate(gateway);
  const defaults: RequestDefaults = {
    // Drawn here and not by the worker, so that a second attempt makes the same picture.
    drawSeed: () => randomInt(0, 2 ** 32),
    rng: settings.defaultRng,
  };

  type Prepare = (id: string, body: RawBody, freeSize: boolean) => Promise<GenerationRequest>;
  const prepare: Record<Endpoint, Prepare> = {
    'sdxl-torch': async (_, { fields }, freeSize) => {
      const request = parseTextToImage(fields, defaults, freeSize);
      checkPrompts(request);
      return withInstalledRefiner(request, await workers.expected(), settings.refinerFallback);
    },
    'sdxl-img2img': async (id, { fields, file }) => {
      const { image, ...request } = parseImageToImage(fields, defaults, file);
      checkPrompts(request);
      assertBaseModelInstalled(request.baseModel, await workers.expected());
      const png = await inputImage(gateway, image);
      return { ...request, imageKey: await producer.storeInput(id, png) };
    },
  };

  return async (slug, body, apiKey) => {
    const { endpoint, freeSize } = slugs[slug];
    await assertOpen(endpoint, apiKey);
    const id = randomUUID();
    const request = await prepare[endpoint](id, body, freeSize);
    const cost = request.samples * settings.creditsPerSample;
    assertAdmitted(await producer.submit(id, apiKey.id, request, cost));
    return id;
  };
}
