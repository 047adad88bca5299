import type { Endpoint } from './endpoints.ts';
import type { GenerationRequest } from './generation.ts';
import { baseName, isServedName, refinerName } from './served-names.ts';

/** The served names of the checkpoints a request needs, all at once. */
export function checkpointsOf(request: GenerationRequest): readonly string[] {
  if (request.endpoint === 'sdxl-img2img') return [request.baseModel];
  const { model = baseName, refiner, highNoiseFraction } = request;
  return refiner && highNoiseFraction < 1 ? [model, refinerName] : [model];
}

/** Requests of one route need the same checkpoints and share a queue: their served names, joined by `+`. */
export function routeOf(request: GenerationRequest): string {
  return checkpointsOf(request).join('+');
}

/** Every route that a worker with these abilities can take jobs from. */
export function routesOf(able: {
  readonly endpoints: readonly Endpoint[];
  readonly refiner: boolean;
  readonly baseModels: readonly string[];
}): string[] {
  const bases = [
    ...(able.endpoints.includes('sdxl-torch') ? [baseName] : []),
    ...(able.endpoints.includes('sdxl-img2img') ? able.baseModels : []),
  ];
  return [...bases, ...(able.refiner ? bases.map((base) => `${base}+${refinerName}`) : [])];
}

/** The served names behind a route. */
export function checkpointsOfRoute(route: string): readonly string[] {
  return route.split('+');
}

/** Whether models could have such names. */
export function isRoute(text: string): boolean {
  const names = checkpointsOfRoute(text);
  return names.length <= 2 && names.every(isServedName);
}
