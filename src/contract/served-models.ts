import type { Endpoint } from './endpoints.ts';
import type { ModelProfile, ServedModel } from './model-profile.ts';
import { baseName, refinerName } from './served-names.ts';

/** What a worker tells of the models that requests can name. */
export interface ModelHolder {
  readonly endpoints: readonly Endpoint[];
  readonly refiner: boolean;
  readonly baseModels: readonly string[];
  readonly models?: readonly (ServedModel & { readonly loaded?: boolean })[];
  /** Routes whose checkpoints are loaded. */
  readonly resident?: readonly string[];
}

/** One served name, as all workers together know it. */
export interface ModelFacts {
  readonly id: string;
  readonly kind: 'base' | 'refiner';
  /** What it says of itself, where it says anything. */
  readonly profile: ModelProfile | undefined;
  /** Whether LoRAs and embeddings can be applied to it, wherever it runs. */
  readonly adapters: boolean;
  /** Whether some worker has it loaded. */
  readonly loaded: boolean;
}

/** Every served name of these workers: the published base first, the refiner last. */
export function modelsServed(workers: readonly ModelHolder[]): ModelFacts[] {
  const facts = new Map<string, ModelFacts>();
  for (const worker of workers) {
    const names = [
      ...(worker.endpoints.includes('sdxl-torch') ? [baseName] : []),
      ...worker.baseModels,
      ...(worker.refiner ? [refinerName] : []),
    ];
    for (const id of names) {
      const model = worker.models?.find(({ serves }) => serves.includes(id));
      const known = facts.get(id);
      facts.set(id, {
        id,
        kind: id === refinerName ? 'refiner' : 'base',
        profile: known?.profile ?? model?.profile,
        adapters: known?.adapters !== false && model?.exported !== true,
        loaded: known?.loaded === true || model?.loaded === true || worker.resident?.includes(id) === true,
      });
    }
  }
  const rank = ({ id }: ModelFacts) => (id === baseName ? 0 : id === refinerName ? 2 : 1);
  return [...facts.values()].sort((a, b) => rank(a) - rank(b));
}

/** The names that text to image takes as `model`. */
export function generationNames(models: readonly ModelFacts[]): string[] {
  return models.filter(({ kind }) => kind === 'base').map(({ id }) => id);
}
