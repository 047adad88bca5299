import { createHash } from 'node:crypto';
import { mkdir, rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import type { Checkpoint } from '../checkpoint.ts';
import { CheckpointError } from '../checkpoint-error.ts';
import { readSafetensorsHeader } from '../safetensors.ts';
import { encodeValues, readTensorValues } from '../tensor-values.ts';
import { type TensorSource, writeSafetensors } from '../write-safetensors.ts';
import { type LoraModule, readLora } from './lora-file.ts';
import { type LoraTarget, loraTargets } from './lora-targets.ts';
import { addLowRank } from './low-rank.ts';
import { withTensorsFrom } from './merged-tensors.ts';

/** A LoRA file and how strongly it is applied; 1 as trained, negative the other way. */
export interface LoraChoice {
  readonly file: string;
  readonly weight: number;
}

interface Change extends LoraModule {
  readonly weight: number;
}

/** Metadata entry with what the merged tensors were made from. */
const sourcesKey = 'sdxl-server.merged';

/**
 * Adds LoRAs to a checkpoint: W + sum of weight * alpha / rank * up down, in float32, stored in W's element type in one side
 * file in `outputDirectory`; every other tensor stays where it is. A side file made from the same files and weights is kept.
 * @throws CheckpointError naming the LoRA file and what of it does not fit the checkpoint.
 */
export async function mergeLoras(
  checkpoint: Checkpoint,
  loras: readonly LoraChoice[],
  outputDirectory: string,
): Promise<Checkpoint> {
  if (loras.length === 0) return checkpoint;
  const targets = loraTargets(checkpoint);
  const changes = new Map<string, { target: LoraTarget; changes: Change[] }>();
  for (const { file, weight } of loras) {
    requireLoraFile(file, weight);
    for (const module of await readLora(file, targets)) {
      const { target } = module;
      const name = `${target.component}.${target.tensor}`;
      if (!changes.has(name)) changes.set(name, { target, changes: [] });
      changes.get(name)!.changes.push({ ...module, weight });
    }
  }
  const made = await madeFrom(checkpoint, loras);
  const side = path.join(
    outputDirectory,
    `loras-${createHash('sha256').update(made).digest('hex').slice(0, 16)}.safetensors`,
  );
  if (!(await isMadeFrom(side, made))) {
    const sources = [...changes].map(([name, change]) => mergedSource(name, change.target, change.changes));
    sources.sort((a, b) => (a.name < b.name ? -1 : 1));
    await mkdir(outputDirectory, { recursive: true });
    const partial = `${side}.${process.pid}.partial`;
    try {
      await rm(partial, { force: true });
      await writeSafetensors(partial, sources, { format: 'pt', [sourcesKey]: made });
      await rename(partial, side);
    } finally {
      await rm(partial, { force: true });
    }
  }
  return withTensorsFrom(checkpoint, side);
}

function requireLoraFile(file: string, weight: number): void {
  if (path.extname(file).toLowerCase() !== '.safetensors')
    throw new CheckpointError(`${file}: a LoRA is a .safetensors file`);
  if (!Number.isFinite(weight))
    throw new CheckpointError(`${file}: its weight is ${weight}; it must be a number`);
}

function mergedSource(name: string, { location }: LoraTarget, changes: readonly Change[]): TensorSource {
  const { dtype, shape } = location;
  return {
    name,
    dtype,
    shape,
    async *bytes() {
      const values = await readTensorValues(location);
      for (const { down, up, rank, alpha, weight } of changes)
        addLowRank(values, {
          up: await readTensorValues(up),
          down: await readTensorValues(down),
          rank,
          scale: (weight * alpha) / rank,
        });
      yield encodeValues(values, dtype);
    },
  };
}

/**
 * Names, sizes and times of the files behind the merged tensors, and the weights, as text. Not where they lie: a folder prepared
 * on the host is mounted elsewhere in a container.
 */
async function madeFrom({ unet, textEncoders }: Checkpoint, loras: readonly LoraChoice[]): Promise<string> {
  const state = async (file: string) => {
    const { size, mtimeMs } = await stat(file);
    return [path.basename(file), size, mtimeMs];
  };
  const bases = new Set(
    [unet, ...textEncoders].flatMap(({ tensors }) => [...tensors.values()].map(({ file }) => file)),
  );
  return JSON.stringify({
    base: await Promise.all([...bases].sort().map(state)),
    loras: await Promise.all(loras.map(async ({ file, weight }) => [...(await state(file)), weight])),
  });
}

async function isMadeFrom(side: string, made: string): Promise<boolean> {
  const isThere = await stat(side).then(
    () => true,
    () => false,
  );
  return isThere && (await readSafetensorsHeader(side)).metadata[sourcesKey] === made;
}
