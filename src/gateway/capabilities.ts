import { ApiError } from '../contract/errors.ts';
import type { TextToImageRequest } from '../contract/generation.ts';
import type { WorkerInfo } from '../jobs/heartbeat.ts';

/**
 * Checks a text-to-image request against what the workers have installed; with none the request may wait for one.
 * @returns the request, without its refiner where `refinerFallback` allows that.
 * @throws ApiError naming the missing checkpoint.
 */
export function withInstalledRefiner(
  request: TextToImageRequest,
  workers: readonly WorkerInfo[],
  refinerFallback: boolean,
): TextToImageRequest {
  const able = workers.filter(({ endpoints }) => endpoints.includes('sdxl-torch'));
  if (workers.length > 0 && able.length === 0)
    throw new ApiError('invalidParameter', 'The checkpoint "sdxl-base" is not installed on this server');
  const needsRefiner = request.refiner && request.highNoiseFraction < 1;
  if (!needsRefiner || able.length === 0 || able.some(({ refiner }) => refiner)) return request;
  if (refinerFallback) return { ...request, refiner: false };
  throw new ApiError(
    'invalidParameter',
    'refiner is true, but the checkpoint "sdxl-refiner" is not installed; send "refiner": false',
  );
}

/** @throws ApiError naming the missing checkpoint and the installed ones. */
export function assertBaseModelInstalled(baseModel: string, workers: readonly WorkerInfo[]): void {
  const installed = new Set(workers.flatMap(({ baseModels }) => baseModels));
  if (workers.length === 0 || installed.has(baseModel)) return;
  const list = installed.size > 0 ? [...installed].join(', ') : 'none';
  throw new ApiError(
    'invalidParameter',
    `base_model "${baseModel}" is not installed on this server; installed: ${list}`,
  );
}

/**
 * Checks a text-to-image request's size against the VAEs that would decode it; with no worker alive it may wait, and the worker says so.
 * @throws ApiError naming each side that no installed checkpoint can make.
 */
export function assertSizePossible(request: TextToImageRequest, workers: readonly WorkerInfo[]): void {
  const multiples = workers.flatMap(({ sizeMultiple }) => sizeMultiple ?? []);
  const fits = (side: number) => multiples.some((multiple) => side % multiple === 0);
  if (multiples.length === 0 || (fits(request.width) && fits(request.height))) return;
  const least = Math.min(...multiples);
  const wrong = Object.entries({ img_width: request.width, img_height: request.height })
    .filter(([, side]) => !fits(side))
    .map(
      ([field, side]) => `${field} must be a multiple of ${least} for the installed checkpoint, got ${side}`,
    );
  throw new ApiError('invalidParameter', wrong.join('; '));
}
