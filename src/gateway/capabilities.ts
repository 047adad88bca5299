import { ApiError } from '../contract/errors.ts';
import type { TextToImageRequest } from '../contract/generation.ts';
import type { WorkerInfo } from '../jobs/heartbeat.ts';
import { baseName, refinerName, routeOf } from '../jobs/routes.ts';
import type { WorkerList } from './worker-list.ts';

/**
 * Checks a text-to-image request against what the workers serve; while nothing is known of any it may wait for one.
 * @returns the request, without its refiner where `refinerFallback` allows that.
 * @throws ApiError naming the missing checkpoint; noWorker where no worker with it is left.
 */
export async function withInstalledRefiner(
  request: TextToImageRequest,
  { serves }: Pick<WorkerList, 'serves'>,
  refinerFallback: boolean,
): Promise<TextToImageRequest> {
  if (!(await serves(baseName)))
    throw new ApiError('invalidParameter', `The checkpoint "${baseName}" is not installed on this server`);
  if (await serves(routeOf(request))) return request;
  if (refinerFallback) return { ...request, refiner: false };
  throw new ApiError(
    'invalidParameter',
    `refiner is true, but the checkpoint "${refinerName}" is not installed; send "refiner": false`,
  );
}

/** @throws ApiError naming the missing checkpoint and the installed ones; noWorker where no worker with it is left. */
export async function assertBaseModelInstalled(
  baseModel: string,
  { serves, expected }: Pick<WorkerList, 'serves' | 'expected'>,
): Promise<void> {
  const isName = baseModel !== baseName && baseModel !== refinerName;
  if (isName && (await serves(baseModel))) return;
  const installed = new Set((await expected()).flatMap(({ baseModels }) => baseModels));
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
