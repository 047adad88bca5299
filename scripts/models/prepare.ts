import { readdir, realpath, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import type { InstalledModel } from '../../workers/installation.ts';
import { isExported, openModel, preparedFolder } from '../../workers/open-model.ts';
import { checkTensors } from './check-tensors.ts';
import { componentsOf, filesOf, sum } from './model-facts.ts';
import { sha256Of } from './sha256.ts';

export interface Prepared {
  /** Held against their configs; none of an exported folder, whose networks bring theirs along. */
  readonly tensors: number;
  /** Files whose hash the manifest names and that have it. */
  readonly hashed: number;
  readonly bytesWritten: number;
  readonly seconds: number;
}

/**
 * Makes a model ready to serve: files held against the manifest's hashes, LoRAs merged, every tensor against its config.
 * @throws Error naming the file, and the tensor or both hashes.
 */
export async function prepare(model: InstalledModel): Promise<Prepared> {
  const started = performance.now();
  const hashed = await checkHashes(model);
  const folder = preparedFolder(model);
  const before = await filesIn(folder);
  const opened = await openModel(model);
  const tensors = isExported(opened) ? 0 : checkTensors(opened);
  const written = [...(await filesIn(folder))].filter(([name]) => !before.has(name));
  if (!isExported(opened)) await removeUnused(folder, new Set(filesOf(componentsOf(opened))));
  return {
    tensors,
    hashed,
    bytesWritten: sum(written.map(([, bytes]) => bytes)),
    seconds: (performance.now() - started) / 1000,
  };
}

/** Bytes of the files of a folder, which may not exist, by name. */
async function filesIn(folder: string): Promise<Map<string, number>> {
  const names: string[] = await readdir(folder).catch(() => []);
  return new Map(
    await Promise.all(names.map(async (name) => [name, (await stat(path.join(folder, name))).size] as const)),
  );
}

/** Merged weights of LoRAs that the manifest no longer names, or names with other weights, take gigabytes and serve nobody. */
async function removeUnused(folder: string, used: ReadonlySet<string>): Promise<void> {
  for (const name of (await filesIn(folder)).keys())
    if (/^loras-[0-9a-f]+\.safetensors$/.test(name) && !used.has(await realpath(path.join(folder, name))))
      await rm(path.join(folder, name));
}

async function checkHashes({ directory, manifest }: InstalledModel): Promise<number> {
  let hashed = 0;
  for (const { path: name, sha256 } of manifest?.files ?? []) {
    const file = path.join(directory, name);
    if (!(await stat(file).catch(() => undefined))) throw new Error(`${file}: missing`);
    if (sha256 === undefined) continue;
    const actual = await sha256Of(file);
    if (actual !== sha256) throw new Error(`${file}: its SHA-256 is ${actual}, the manifest says ${sha256}`);
    hashed++;
  }
  return hashed;
}
