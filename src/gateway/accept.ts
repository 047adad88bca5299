import { randomInt, randomUUID } from 'node:crypto';
import { parseImageToImage, parseTextToImage, type RequestDefaults } from '../contract/bodies.ts';
import { ApiError } from '../contract/errors.ts';
import type { Endpoint, GenerationRequest } from '../contract/generation.ts';
import type { WorkerInfo } from '../jobs/heartbeat.ts';
import { assertBaseModelInstalled, withInstalledRefiner } from './capabilities.ts';
import type { Gateway } from './gateway.ts';
import { inputImage } from './input-image.ts';
import type { RawBody } from './read-body.ts';

/** Validates a body and puts the request in the queue. */
export type Accept = (endpoint: Endpoint, body: RawBody, owner: string) => Promise<string>;

/** @param workers the live workers. */
export function createAccept(gateway: Gateway, workers: () => Promise<WorkerInfo[]>): Accept {
  const { producer, settings, checkPrompts } = gateway;
  const defaults: RequestDefaults = {
    // Drawn here and not by the worker, so that a second attempt makes the same picture.
    drawSeed: () => randomInt(0, 2 ** 32),
    rng: settings.defaultRng,
  };

  const prepare: Record<Endpoint, (id: string, body: RawBody) => Promise<GenerationRequest>> = {
    'sdxl-torch': async (_, { fields }) => {
      const request = parseTextToImage(fields, defaults);
      checkPrompts(request);
      return withInstalledRefiner(request, await workers(), settings.refinerFallback);
    },
    'sdxl-img2img': async (id, { fields, file }) => {
      const { image, ...request } = parseImageToImage(fields, defaults, file);
      checkPrompts(request);
      assertBaseModelInstalled(request.baseModel, await workers());
      const png = await inputImage(gateway, image);
      return { ...request, imageKey: await producer.storeInput(id, png) };
    },
  };

  return async (endpoint, body, owner) => {
    const waiting = await producer.countWaiting();
    if (waiting >= settings.maxQueued)
      throw new ApiError('unavailable', `The queue is full: ${waiting} requests wait; try again later`);
    const id = randomUUID();
    await producer.submit(id, owner, await prepare[endpoint](id, body));
    return id;
  };
}
