import { stat } from 'node:fs/promises';
import path from 'node:path';
import type { InstalledModel } from '../../workers/installation.ts';
import { isExported, openModel } from '../../workers/open-model.ts';
import { checkTensors } from './check-tensors.ts';
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
 * Makes a model ready to serve: files held against the manifest's hashes, every tensor against its config.
 * @throws Error naming the file, and the tensor or both hashes.
 */
export async function prepare(model: InstalledModel): Promise<Prepared> {
  const started = performance.now();
  const hashed = await checkHashes(model);
  const opened = await openModel(model);
  const tensors = isExported(opened) ? 0 : checkTensors(opened);
  return { tensors, hashed, bytesWritten: 0, seconds: (performance.now() - started) / 1000 };
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
