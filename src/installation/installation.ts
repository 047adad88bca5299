import type { Stats } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { type Manifest, manifestName, readManifest, requireServable } from '../checkpoints/manifest.ts';
import { baseName, isServedName } from '../contract/served-names.ts';
import { ownCommand } from '../process/own-command.ts';

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

/** What lies in a models folder as a model and cannot be served. */
export interface UnservableModel {
  /** Its folder's or file's name in the models folder. */
  readonly entry: string;
  /** Names the file or folder, and what is wrong with it. */
  readonly reason: string;
}

export interface ModelsFolder {
  /** Sorted by name. */
  readonly models: readonly InstalledModel[];
  readonly unservable: readonly UnservableModel[];
}

const singleFile = /^(.+)\.safetensors$/i;
const otherWeights = /\.(ckpt|pt|pth|bin|pkl|gguf)$/i;

/**
 * Every model of the folder: a sub-folder with a model.json (see Manifest), and without one a sub-folder with
 * a model_index.json or a .safetensors file, served under its own name. One that cannot be served does not
 * touch the others.
 * @throws Error where the folder itself cannot be read.
 */
export async function readModelsFolder(modelsDir: string): Promise<ModelsFolder> {
  const entries = await readdir(modelsDir).catch((cause: NodeJS.ErrnoException) => {
    const reason = cause.code === 'ENOENT' ? 'the folder does not exist' : cause.message;
    throw new Error(`${modelsDir}: ${reason}`, { cause });
  });
  const models: InstalledModel[] = [];
  const unservable: UnservableModel[] = [];
  for (const entry of entries.filter((name) => !name.startsWith('.')).sort()) {
    try {
      const model = await modelAt(modelsDir, entry);
      if (model !== undefined) models.push(model);
    } catch (error) {
      unservable.push({ entry, reason: (error as Error).message });
    }
  }
  return { models, unservable };
}

/** The models of a folder that can be served, see readModelsFolder. */
export async function listModels(modelsDir: string): Promise<readonly InstalledModel[]> {
  return (await readModelsFolder(modelsDir)).models;
}

/**
 * What of a models folder is served. Two models that claim one name are not served under it, unless the name
 * is not asked for.
 * @param only served names to leave it at; all where empty.
 * @throws Error as readModelsFolder, and with every reason where nothing is installed or one of `only` is
 * not.
 */
export async function findInstallation(
  modelsDir: string,
  only: readonly string[] = [],
): Promise<Installation> {
  return installationOf(await readModelsFolder(modelsDir), modelsDir, only);
}

/** As findInstallation, of a folder that was read before. */
export function installationOf(
  { models, unservable }: ModelsFolder,
  modelsDir: string,
  only: readonly string[],
): Installation {
  const claims = Map.groupBy(
    models.flatMap((model) => model.serves.map((name) => ({ name, model }))),
    ({ name }) => name,
  );
  const problems = [...unservable.map(({ reason }) => reason), ...contestedNames(claims, modelsDir)];
  const installed = new Map<string, InstalledModel>();
  for (const [name, [claim, ...others]] of claims) if (others.length === 0) installed.set(name, claim!.model);
  const told = problems.length === 0 ? '' : `; not served: ${problems.join('; ')}`;
  if (installed.size === 0)
    throw new Error(
      `${modelsDir}: no checkpoint found; expected folders such as ${baseName}/model_index.json${told}`,
    );
  const missing = only.find((name) => !installed.has(name));
  if (missing !== undefined)
    throw new Error(
      `SERVE_MODELS: ${modelsDir} has no model served as "${missing}"; it has ${[...installed.keys()].join(', ')}${told}`,
    );
  return only.length === 0 ? installed : new Map(only.map((name) => [name, installed.get(name)!]));
}

type Claims = ReadonlyMap<string, readonly { readonly model: InstalledModel }[]>;

/** Why names that several models claim are not served. */
function contestedNames(claims: Claims, modelsDir: string): string[] {
  return [...claims]
    .filter(([, claimants]) => claimants.length > 1)
    .map(([name, claimants]) => {
      const folders = claimants.map(({ model }) => model.name).join(' and ');
      return `${modelsDir}: ${folders} are both served as "${name}"; change "serves" in one's ${manifestName}`;
    });
}

async function modelAt(modelsDir: string, entry: string): Promise<InstalledModel | undefined> {
  const place = path.join(modelsDir, entry);
  const [, stem] = singleFile.exec(entry) ?? [];
  if (stem !== undefined && !(await isFolder(place))) {
    if (!(await isFile(place))) throw new Error(`${place}: is no regular file, or a link to nothing`);
    return withoutManifest({ name: stem, directory: modelsDir, checkpoint: place });
  }
  if (otherWeights.test(entry) && (await isFile(place)))
    throw new Error(`${place}: a checkpoint is a folder or a .safetensors file; convert it to safetensors`);
  if (!(await isFolder(place))) return undefined;
  const manifestFile = path.join(place, manifestName);
  if (await isPresent(manifestFile)) return withManifest(entry, place, await readManifest(manifestFile));
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
      `${file}: ${path.relative(directory, marker)} is missing; \`${ownCommand(`models pull ${name}`)}\` gets files that have a url`,
    );
  return { name, directory, checkpoint, serves: requireServable(manifest, name, file), manifest };
}

async function isFile(place: string): Promise<boolean> {
  return (await statusOf(place))?.isFile() === true;
}

async function isFolder(place: string): Promise<boolean> {
  return (await statusOf(place))?.isDirectory() === true;
}

async function isPresent(place: string): Promise<boolean> {
  return (await statusOf(place)) !== undefined;
}

/** @returns undefined where there is nothing. @throws Error naming a place that may not be looked at. */
async function statusOf(place: string): Promise<Stats | undefined> {
  return stat(place).catch((cause: NodeJS.ErrnoException) => {
    if (cause.code === 'ENOENT' || cause.code === 'ENOTDIR') return undefined;
    throw new Error(`${place}: ${cause.message}`, { cause });
  });
}
