import type { ServedModel } from '../contract/model-profile.ts';
import { requireWeights } from '../graphs/require-weights.ts';
import {
  type Installation,
  type InstalledModel,
  installationOf,
  readModelsFolder,
  type UnservableModel,
} from './installation.ts';
import { profileOf } from './model-profile.ts';
import { isExported, type OpenedModel, openUnmerged } from './open-model.ts';

type ModelFacts = Pick<ServedModel, 'profile' | 'exported'>;

export interface ServableModels {
  readonly installation: Installation;
  /** What is told of each of its models, by name. */
  readonly facts: ReadonlyMap<string, ModelFacts>;
  /** What else lies in the folder as a model, with the reason why it is not served. */
  readonly unservable: readonly UnservableModel[];
}

/**
 * The models that a worker serves: those that are asked for and whose configs and headers open and fit each
 * other. Others are told, and touch nothing.
 * @param only served names to leave it at; all where empty.
 * @throws Error as findInstallation, and where a model that is asked for, or every model, cannot be opened.
 */
export async function servableModels(
  modelsDir: string,
  only: readonly string[] = [],
): Promise<ServableModels> {
  const folder = await readModelsFolder(modelsDir);
  const asked = installationOf(folder, modelsDir, only);
  const unservable = [...folder.unservable];
  const broken = new Set<InstalledModel>();
  const facts = new Map<string, ModelFacts>();
  for (const model of new Set(asked.values())) {
    const failure = await openServable(model)
      .then((opened) => {
        const profile = profileOf(model, opened);
        facts.set(model.name, {
          ...(profile !== undefined && { profile }),
          ...(isExported(opened) && { exported: true }),
        });
      })
      .then(
        () => undefined,
        (error: Error) => error,
      );
    if (failure === undefined) continue;
    if (only.length > 0) throw failure;
    broken.add(model);
    unservable.push({ entry: entryOf(model), reason: failure.message });
  }
  const installation = new Map([...asked].filter(([, model]) => !broken.has(model)));
  if (installation.size === 0)
    throw new Error(
      `${modelsDir}: no checkpoint can be served: ${unservable.map(({ reason }) => reason).join('; ')}`,
    );
  return { installation, facts, unservable: [...unservable, ...contested(folder.models, asked, only)] };
}

/** @throws CheckpointError where it cannot be loaded, as far as its configs and headers show. */
async function openServable(model: InstalledModel): Promise<OpenedModel> {
  const opened = await openUnmerged(model);
  if (!isExported(opened)) requireWeights(opened);
  return opened;
}

/** Models that are left out because another claims all their names. */
function contested(
  models: readonly InstalledModel[],
  asked: Installation,
  only: readonly string[],
): UnservableModel[] {
  if (only.length > 0) return [];
  const served = new Set(asked.values());
  return models
    .filter((model) => !served.has(model))
    .map((model) => ({
      entry: entryOf(model),
      reason: `${model.checkpoint}: another model is served as ${model.serves.map((name) => `"${name}"`).join(', ')} too`,
    }));
}

/** A model's own folder or file in the models folder. */
function entryOf({ name, directory, checkpoint, manifest }: InstalledModel): string {
  return manifest === undefined && checkpoint !== directory ? `${name}.safetensors` : name;
}
