import { withWarnings } from '../../contract/answers/warnings.ts';
import { ApiError } from '../../contract/errors.ts';
import type { TextToImageRequest } from '../../contract/generation.ts';
import { checkpointsOfRoute, routeOf, routesOf } from '../../contract/routes.ts';
import { baseName, refinerName } from '../../contract/served-names.ts';
import type { GatewaySettings } from '../gateway.ts';
import type { WorkerList } from './worker-list.ts';

/**
 * Checks a text-to-image request against what the workers serve; while nothing is known of any it may wait
 * for one.
 * @returns the request; where `refinerFallback` allows that, without a refiner that no worker has now.
 * @throws ApiError naming the missing checkpoint; noWorker where no worker with the base is left.
 */
export async function withInstalledRefiner(
  request: TextToImageRequest,
  workers: Pick<WorkerList, 'serves' | 'live'>,
  refinerFallback: GatewaySettings['refinerFallback'],
): Promise<TextToImageRequest> {
  const { model = baseName } = request;
  if (!(await workers.serves(model)))
    throw new ApiError('invalidParameter', `The checkpoint "${model}" is not installed on this server`);
  const route = routeOf(request);
  if (!(await isOutOfReach(route, model, workers, refinerFallback))) return request;
  if (refinerFallback === 'base') {
    const told = `refiner true: no worker has the checkpoint "${refinerName}" now, made by the base alone`;
    return withWarnings({ ...request, refiner: false }, [told]);
  }
  throw new ApiError(
    'invalidParameter',
    `refiner is true, but the checkpoint "${refinerName}" is not installed; send "refiner": false`,
  );
}

/**
 * Whether no worker would take a request of this route, although some take those of the base alone. The grace
 * for workers that restart is for clients without an alternative: with the base as fallback a free worker is
 * not to stand by. What was served in the last day and is not now has been taken out, as if it had never been
 * there.
 */
async function isOutOfReach(
  route: string,
  model: string,
  { serves, live }: Pick<WorkerList, 'serves' | 'live'>,
  refinerFallback: GatewaySettings['refinerFallback'],
): Promise<boolean> {
  if (refinerFallback === 'base') {
    const served = new Set((await live()).flatMap(routesOf));
    if (served.has(model)) return !served.has(route);
  }
  try {
    return !(await serves(route));
  } catch (error) {
    if (error instanceof ApiError && error.code === 'noWorker') return true;
    throw error;
  }
}

/**
 * @throws ApiError naming the missing checkpoint and the installed ones; noWorker where no worker with it is
 * left.
 */
export async function assertBaseModelInstalled(
  baseModel: string,
  { serves, expected }: Pick<WorkerList, 'serves' | 'expected'>,
): Promise<void> {
  // A route may be two checkpoints; a base model is one, and neither of those of text to image.
  const [name, ...more] = checkpointsOfRoute(baseModel);
  const isName = more.length === 0 && name !== baseName && name !== refinerName;
  if (isName && (await serves(baseModel))) return;
  const installed = new Set((await expected()).flatMap(({ baseModels }) => baseModels));
  const list = installed.size > 0 ? [...installed].join(', ') : 'none';
  throw new ApiError(
    'invalidParameter',
    `base_model "${baseModel}" is not installed on this server; installed: ${list}`,
  );
}
