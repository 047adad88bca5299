import { baseModels, publishedBodies } from '../../contract/bodies/body-fields.ts';
import { ApiError } from '../../contract/errors.ts';
import type { NamedModel } from '../../contract/model-profile.ts';
import { nearMissWarnings } from '../../contract/names/near-misses.ts';
import { nearestNames, unknownNameMessage } from '../../contract/names/nearest-names.ts';
import { isGenerationModel } from '../../contract/openai/models.ts';
import { generationNames, modelsServed } from '../../contract/served-models.ts';
import { isServedName, refinerName } from '../../contract/served-names.ts';
import { show } from '../../contract/show.ts';
import type { WorkerList } from './worker-list.ts';

/** How a text-to-image body names its model. */
export interface Naming {
  /** undefined: the published one. */
  readonly model: NamedModel | undefined;
  readonly warnings: readonly string[];
}

const published: Naming = { model: undefined, warnings: [] };

type Workers = Pick<WorkerList, 'expected' | 'serves'>;

/**
 * The model that a text-to-image body asks for by the extension field `model`. Generic clients of the
 * published service send a `model` of their own among fields of other services; there it stays without
 * effect, as it always was, and so does one that is no text.
 * @param known names of the fields that the body's schema has.
 * @throws ApiError with the nearest served names and all of them; noWorker where no worker with it is left.
 */
export async function modelOf(fields: unknown, known: readonly string[], workers: Workers): Promise<Naming> {
  const name = (fields as { model?: unknown } | null | undefined)?.model;
  if (typeof name !== 'string' || name === '' || isGenerationModel(name)) return published;
  const named = await servedModel(name, workers);
  if (named !== undefined) return { model: named, warnings: [] };
  const names = generationNames(modelsServed(await workers.expected()));
  const isForeign =
    nearestNames(name, names).length === 0 && nearMissWarnings(fields, { names: known }).length > 0;
  if (!isForeign) throw new ApiError('invalidParameter', unknownNameMessage('model', name, 'a model', names));
  return {
    model: undefined,
    warnings: [`model: ${show(name)} is without effect; it is none of ${names.join(', ')}`],
  };
}

/**
 * The served base model of that name, with what it says of itself; undefined where there is none.
 * @throws ApiError noWorker where no worker with it is left.
 */
async function servedModel(name: string, workers: Workers): Promise<NamedModel | undefined> {
  if (!isServedName(name) || name === refinerName) return undefined;
  const facts = modelsServed(await workers.expected()).find(({ id }) => id === name);
  if (facts !== undefined) return { name, profile: facts.profile };
  return (await workers.serves(name)) ? { name } : undefined;
}

/** The base model that a body of image to image asks for, read as little as its other fields allow. */
export function baseModelOf(fields: unknown, inAddress: string | undefined): string {
  const { base_model: name } = (fields ?? {}) as { base_model?: unknown };
  const usual = publishedBodies['sdxl-img2img'].shape.base_model.def.defaultValue;
  return inAddress ?? (typeof name === 'string' ? name : usual);
}

/**
 * What a base model of image to image says of itself, where the request names it by an extension: in its
 * address, or by a name that the published API does not have.
 */
export async function baseModelProfile(
  fields: unknown,
  inAddress: string | undefined,
  workers: Workers,
): Promise<NamedModel['profile']> {
  const name = inAddress ?? (fields as { base_model?: unknown } | null | undefined)?.base_model;
  if (typeof name !== 'string') return undefined;
  if (inAddress === undefined && (baseModels as readonly string[]).includes(name)) return undefined;
  return modelsServed(await workers.expected()).find(({ id }) => id === name)?.profile;
}
