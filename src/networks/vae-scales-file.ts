import { createHash } from 'node:crypto';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Component } from '../checkpoints/checkpoint.ts';
import { CheckpointError } from '../checkpoints/checkpoint-error.ts';
import type { VaeConfig } from '../checkpoints/configs/vae-config.ts';
import { readTensorBytes } from '../checkpoints/safetensors/tensor-values.ts';
import type { VaeHalf } from '../graphs/vae.ts';
import type { VaeScales } from '../graphs/vae-scales.ts';
import { measureVaeScales } from './measure-vae-scales.ts';

/** Part of the file's name: another number when measureVaeScales measures otherwise. */
const measurement = 1;

/** Where the scales of a VAE are kept: by the content of its config and tensors, wherever these lie. */
export async function vaeScalesFile(component: Component<VaeConfig>, folder: string): Promise<string> {
  const known = digests.get(component) ?? digestOf(component);
  digests.set(component, known);
  return path.join(folder, `vae-scales-${(await known).slice(0, 16)}.json`);
}

/** Of VAEs that are in use: both halves ask, and it takes reading all of it. */
const digests = new WeakMap<Component<VaeConfig>, Promise<string>>();

async function digestOf(component: Component<VaeConfig>): Promise<string> {
  const hash = createHash('sha256').update(JSON.stringify([measurement, component.config]));
  for (const [name, tensor] of [...component.tensors].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const { dtype, shape, transposed = false } = tensor;
    hash.update(JSON.stringify([name, dtype, shape, transposed])).update(await readTensorBytes(tensor));
  }
  return hash.digest('hex');
}

/** Measures both halves and keeps that in the folder, unless it is there. @throws as measureVaeScales. */
export async function writeVaeScales(component: Component<VaeConfig>, folder: string): Promise<void> {
  const file = await vaeScalesFile(component, folder);
  if ((await readIfThere(file)) !== undefined) return;
  const halves: Record<string, object> = {};
  for (const half of ['encoder', 'decoder'] as const) {
    const { stream, hidden } = await measureVaeScales(component, half);
    halves[half] = { stream, hidden: Object.fromEntries(hidden) };
  }
  await mkdir(folder, { recursive: true });
  const partial = `${file}.${process.pid}.partial`;
  await writeFile(partial, `${JSON.stringify(halves, null, 2)}\n`);
  await rename(partial, file);
}

/**
 * The scales that writeVaeScales has left for these weights; undefined where it has not.
 * @throws CheckpointError naming the file and what in it is no power of two up to 1.
 */
export async function readVaeScales(
  component: Component<VaeConfig>,
  half: VaeHalf,
  folder: string,
): Promise<VaeScales | undefined> {
  const file = await vaeScalesFile(component, folder);
  const text = await readIfThere(file);
  if (text === undefined) return undefined;
  const fail = (what: string): never => {
    throw new CheckpointError(`${file}: ${what}; delete the file`);
  };
  let stored: Record<string, { stream?: unknown; hidden?: object } | undefined>;
  try {
    stored = JSON.parse(text);
  } catch (cause) {
    throw new CheckpointError(`${file}: ${(cause as Error).message}; delete the file`, { cause });
  }
  const { stream, hidden } = stored[half] ?? fail(`has no ${half}`);
  const scale = (place: string, value: unknown): number =>
    typeof value === 'number' && value > 0 && value <= 1 && Number.isInteger(Math.log2(value))
      ? value
      : fail(`${half}, ${place} is ${JSON.stringify(value)}, which is no power of two up to 1`);
  return {
    stream: scale('stream', stream),
    hidden: new Map(Object.entries(hidden ?? {}).map(([place, value]) => [place, scale(place, value)])),
  };
}

async function readIfThere(file: string): Promise<string | undefined> {
  return readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return undefined;
    throw error;
  });
}
