import path from 'node:path';
import type { Checkpoint, Component } from '../checkpoint.ts';
import { CheckpointError } from '../checkpoint-error.ts';
import {
  fileState,
  fileStates,
  preparedFile,
  readPrepared,
  writePrepared,
} from '../safetensors/prepared-file.ts';
import { encodeValues, readTensorValues } from '../safetensors/tensor-values.ts';
import type { TensorSource } from '../safetensors/write-safetensors.ts';
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

/**
 * Adds LoRAs to a checkpoint: W + sum of weight * alpha / rank * up down, in float32, stored in W's element
 * type in one side file in `outputDirectory`; every other tensor stays where it is. A side file made from the
 * same files and weights is kept.
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
  const side = preparedFile(outputDirectory, 'loras', await madeFrom(checkpoint, loras));
  if ((await readPrepared(side)) === undefined) {
    const sources = [...changes].map(([name, change]) => mergedSource(name, change.target, change.changes));
    sources.sort((a, b) => (a.name < b.name ? -1 : 1));
    await writePrepared(side, sources);
  }
  return withTensorsFrom(checkpoint, side.file);
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

/** The files behind the merged tensors, and the weights. */
async function madeFrom({ unet, textEncoders }: Checkpoint, loras: readonly LoraChoice[]) {
  return {
    base: await fileStates([unet, ...textEncoders].flatMap(filesOf)),
    loras: await Promise.all(loras.map(async ({ file, weight }) => [...(await fileState(file)), weight])),
  };
}

function filesOf({ tensors }: Component<unknown>): string[] {
  return [...tensors.values()].map(({ file }) => file);
}
