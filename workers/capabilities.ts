import type { Endpoint } from '../src/contract/endpoints.ts';
import type { ServedModel } from '../src/contract/model-profile.ts';
import { baseName, refinerName } from '../src/contract/served-names.ts';

/** What an engine can do, whatever is loaded at the moment. */
export interface Capabilities {
  /** sdxl-torch's base and refiner first. */
  readonly models: readonly ServedModel[];
  readonly endpoints: readonly Endpoint[];
  /** Whether the refiner's weights are there. */
  readonly refiner: boolean;
  /** The `base_model` names of sdxl-img2img it serves. */
  readonly baseModels: readonly string[];
  /**
   * What the sides of pictures are made in multiples of (others are cropped), the factor of their
   * checkpoint's VAE; undefined without one.
   */
  readonly sizeMultiple: number | undefined;
}

/**
 * What installed checkpoints make possible; `serves` is given under which names.
 * @param most checkpoints that may be loaded at once: a refiner needs two.
 */
export function capabilitiesOf(
  models: readonly ServedModel[],
  sizeMultiple: number | undefined,
  most = Number.POSITIVE_INFINITY,
): Capabilities {
  const names = models.flatMap(({ serves }) => serves);
  const baseModels = names.filter((name) => name !== baseName && name !== refinerName);
  return {
    models,
    endpoints: [
      ...(names.includes(baseName) ? (['sdxl-torch'] as const) : []),
      ...(baseModels.length > 0 ? (['sdxl-img2img'] as const) : []),
    ],
    refiner: names.includes(refinerName) && (most > 1 || models.length === 1),
    baseModels,
    sizeMultiple,
  };
}

/**
 * The base of sdxl-torch first, then its refiner, then the others as they are: the order in which they are
 * loaded.
 */
export function inLoadingOrder(models: readonly ServedModel[]): ServedModel[] {
  const rank = ({ serves }: ServedModel) =>
    serves.includes(baseName) ? 0 : serves.includes(refinerName) ? 1 : 2;
  return [...models].sort((a, b) => rank(a) - rank(b));
}

/** The checkpoints behind served names, each once; undefined where one of them is not served here. */
export function modelsBehind(
  names: readonly string[],
  models: readonly ServedModel[],
): readonly string[] | undefined {
  const found = names.map((name) => models.find(({ serves }) => serves.includes(name))?.name);
  return found.every((name) => name !== undefined) ? [...new Set(found)] : undefined;
}

/** @throws Error where base and refiner, which one request runs, may not be loaded at once. */
export function requireRoom(models: readonly ServedModel[], most: number): void {
  const needed = modelsBehind([baseName, refinerName], models);
  if (needed !== undefined && needed.length > most)
    throw new Error(
      `RESIDENT_MODELS="${most}": text to image with its refiner needs ${needed.length} checkpoints at once (${needed.join(', ')}); raise it, or leave one out of SERVE_MODELS`,
    );
}
