import { readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { type Manifest, manifestName, readManifest, requireServable } from '../checkpoints/manifest.ts';
import { baseName, isServedName } from '../contract/served-names.ts';

/** One model of a models folder. */
export interface InstalledModel {
  /** Its folder's name, or its file's without the ending. */
  readonly name: string;
  /** The model's own folder; for a single file without one the models folder. */
  readonly directory: string;
  /** Where its weights are: a folder with model_index.json, or a .safetensors file. */
  readonly checkpoint: string;
  /** Served names, see contract/served-names.ts. */
  readonly serves: readonly string[];
  readonly manifest: Manifest | undefined;
}

/** The models of a models folder by the names they are served under. */
export type Installation = ReadonlyMap<string, InstalledModel>;

const singleFile = /^(.+)\.safetensors$/;

/**
 * Every model of the folder, sorted by name: a sub-folder with a model.json (see Manifest), and without one a
 * sub-folder with a model_index.json or a .safetensors file, served under its own name.
 * @throws Error naming the folder or file that is missing or wrong.
 */
export async function listModels(modelsDir: string): Promise<InstalledModel[]> {
  const entries = await readdir(modelsDir).catch((cause: NodeJS.ErrnoException) => {
    const reason = cause.code === 'ENOENT' ? 'the folder does not exist' : cause.message;
    throw new Error(`${modelsDir}: ${reason}`, { cause });
  });
  const models = [];
  for (const entry of entries.filter((name) => !name.startsWith('.')).sort()) {
    const model = await modelAt(modelsDir, entry);
    if (model !== undefined) models.push(model);
  }
  return models;
}

/**
 * @param only served names to leave it at; all where empty.
 * @throws Error as listModels, and where two models claim one name, nothing is installed, or one of `only` is
 * not.
 */
export async function findInstallation(
  modelsDir: string,
  only: readonly string[] = [],
): Promise<Installation> {
  const installed = new Map<string, InstalledModel>();
  for (const model of await listModels(modelsDir)) {
    for (const name of model.serves) {
      const other = installed.get(name);
      if (other !== undefined)
        throw new Error(
          `${modelsDir}: ${other.name} and ${model.name} are both served as "${name}"; change "serves" in one's ${manifestName}`,
        );
      installed.set(name, model);
    }
  }
  if (installed.size === 0)
    throw new Error(
      `${modelsDir}: no checkpoint found; expected folders such as ${baseName}/model_index.json`,
    );
  const missing = only.find((name) => !installed.has(name));
  if (missing !== undefined)
    throw new Error(
      `SERVE_MODELS: ${modelsDir} has no model served as "${missing}"; it has ${[...installed.keys()].join(', ')}`,
    );
  return only.length === 0 ? installed : new Map(only.map((name) => [name, installed.get(name)!]));
}

async function modelAt(modelsDir: string, entry: string): Promise<InstalledModel | undefined> {
  const place = path.join(modelsDir, entry);
  const [, stem] = singleFile.exec(entry) ?? [];
  if (stem !== undefined && (await isFile(place)))
    return withoutManifest({ name: stem, directory: modelsDir, checkpoint: place });
  const manifestFile = path.join(place, manifestName);
  if (await isFile(manifestFile)) return withManifest(entry, place, await readManifest(manifestFile));
  if (await isFile(path.join(place, 'model_index.json')))
    return withoutManifest({ name: entry, directory: place, checkpoint: place });
  return undefined;
}

function withoutManifest(model: Pick<InstalledModel, 'name' | 'directory' | 'checkpoint'>): InstalledModel {
  if (!isServedName(model.name))
    throw new Error(
      `${model.checkpoint}: requests cannot name a model ${JSON.stringify(model.name)}; use letters, digits, ".", "_" and "-"`,
    );
  return { ...model, serves: [model.name], manifest: undefined };
}

async function withManifest(name: string, directory: string, manifest: Manifest): Promise<InstalledModel> {
  const file = path.join(directory, manifestName);
  const checkpoint = path.join(directory, manifest.checkpoint);
  const marker = manifest.checkpoint === '.' ? path.join(checkpoint, 'model_index.json') : checkpoint;
  if (!(await isFile(marker)))
    throw new Error(
      `${file}: ${path.relative(directory, marker)} is missing; \`npm run models -- pull ${name}\` gets files that have a url`,
    );
  return { name, directory, checkpoint, serves: requireServable(manifest, name, file), manifest };
}

async function isFile(file: string): Promise<boolean> {
  return stat(file).then(
    (entry) => entry.isFile(),
    () => false,
  );
}
