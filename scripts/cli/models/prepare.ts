import { readdir, realpath, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import {
  channelsLastFiles,
  writeChannelsLast,
} from '../../../src/checkpoints/channels-last/channels-last-copies.ts';
import type { Checkpoint } from '../../../src/checkpoints/checkpoint.ts';
import type { InstalledModel } from '../../../src/installation/installation.ts';
import { componentsOf, filesOf, sum } from '../../../src/installation/model-facts.ts';
import { isExported, openModel, preparedFolder } from '../../../src/installation/open-model.ts';
import { runtimeLowRank } from '../../../src/networks/runtime-low-rank.ts';
import { vaeScalesFile, writeVaeScales } from '../../../src/networks/vae-scales-file.ts';
import { makeFolder } from '../../../src/process/usable-path.ts';
import { sha256Of } from '../download/sha256.ts';
import { checkTensors } from './check-tensors.ts';

export interface Prepared {
  /** Held against their configs; none of an exported folder, whose networks bring theirs along. */
  readonly tensors: number;
  /** Files whose hash the manifest names and that have it. */
  readonly hashed: number;
  readonly bytesWritten: number;
  readonly seconds: number;
}

/**
 * Makes a model ready to serve: files held against the manifest's hashes, LoRAs merged, every tensor against
 * its config.
 * @param forCuda also copies its convolution weights into the order that CUDA wants and measures how its VAE
 * fits in float16, so that no worker has to as it starts.
 * @throws Error naming the file, and the tensor or both hashes.
 */
export async function prepare(model: InstalledModel, forCuda = false): Promise<Prepared> {
  const started = performance.now();
  const folder = preparedFolder(model);
  // What it writes there comes after hashes of gigabytes.
  if (forCuda || (model.manifest?.loras.length ?? 0) > 0) makeFolder(`${model.name}: prepared`, folder);
  const hashed = await checkHashes(model);
  const before = await filesIn(folder);
  const opened = await openModel(model, 'cpu', runtimeLowRank);
  const tensors = isExported(opened) ? 0 : checkTensors(opened);
  if (forCuda && !isExported(opened)) {
    await writeChannelsLast(opened, folder);
    await writeVaeScales(opened.vae, folder);
  }
  const written = [...(await filesIn(folder))].filter(([name]) => !before.has(name));
  if (!isExported(opened)) await removeUnused(folder, opened);
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

const ofOurs = /^(?:(?:loras|(?:unet|vae)-channels-last)-[0-9a-f]+\.safetensors|vae-scales-[0-9a-f]+\.json)$/;

/**
 * What was made of LoRAs that the manifest no longer names, or of weights that are no longer there, takes
 * gigabytes and serves nobody.
 */
async function removeUnused(folder: string, checkpoint: Checkpoint): Promise<void> {
  const merged = new Set(filesOf(componentsOf(checkpoint)));
  const made = new Set(await channelsLastFiles(checkpoint, folder));
  made.add(await vaeScalesFile(checkpoint.vae, folder));
  for (const name of (await filesIn(folder)).keys()) {
    const file = path.join(folder, name);
    const isUsed = made.has(file) || merged.has(await realpath(file));
    if (ofOurs.test(name) && !isUsed) await rm(file);
  }
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
