import path from 'node:path';
import type { Checkpoint, Component, TensorLocation } from '../checkpoint.ts';
import { CheckpointError } from '../checkpoint-error.ts';
import {
  fileState,
  fileStates,
  preparedFile,
  readPrepared,
  writePrepared,
} from '../safetensors/prepared-file.ts';
import { encodeValues, readTensorBytes, readTensorValues } from '../safetensors/tensor-values.ts';
import type { TensorSource } from '../safetensors/write-safetensors.ts';
import { addDelta, isProduct, productOf, withMagnitude } from './lora-delta.ts';
import { type LoraModule, readLora } from './lora-file.ts';
import { loraTargets } from './lora-targets.ts';
import { type AddLowRank, addLowRank } from './low-rank.ts';
import { withTensorsFrom } from './merged-tensors.ts';

/** A LoRA file and how strongly it is applied; 1 as trained, negative the other way. */
export interface LoraFile {
  readonly file: string;
  readonly weight: number;
  /** Of the text encoders; as `weight` where absent. */
  readonly textEncoderWeight?: number;
}

/** What a file changes of one tensor. */
interface Change extends Omit<LoraModule, 'target' | 'bias'> {
  readonly weight: number;
}

/** A tensor with everything that is changed of it. */
interface Changed {
  readonly location: TensorLocation;
  readonly changes: Change[];
}

/**
 * Adds LoRAs to a checkpoint: W + sum of weight * change, in float32, stored in W's element type in one side
 * file in `outputDirectory`; every other tensor stays where it is. The change is scale * delta, of DoRA what
 * the whole weight becomes less W, each from the checkpoint's own W. A side file made from the same files and
 * weights is kept.
 * @param add multiplies and adds; by default slowly and in float64.
 * @throws CheckpointError naming the LoRA file and what of it does not fit the checkpoint.
 */
export async function mergeLoras(
  checkpoint: Checkpoint,
  loras: readonly LoraFile[],
  outputDirectory: string,
  add: AddLowRank = addLowRank,
): Promise<Checkpoint> {
  if (loras.length === 0) return checkpoint;
  const targets = loraTargets(checkpoint);
  const changed = new Map<string, Changed>();
  const put = (component: string, tensor: string, location: TensorLocation, change: Change) => {
    const name = `${component}.${tensor}`;
    if (!changed.has(name)) changed.set(name, { location, changes: [] });
    changed.get(name)!.changes.push(change);
  };
  for (const lora of loras) {
    requireLoraFile(lora.file, lora.weight);
    for (const { target, bias, ...change } of await readLora(lora.file, targets)) {
      const { component, tensor, location } = target;
      const weight = component === 'unet' ? lora.weight : (lora.textEncoderWeight ?? lora.weight);
      if (change.delta !== undefined) put(component, tensor, location, { ...change, weight });
      if (bias !== undefined)
        put(component, target.bias!.tensor, target.bias!.location, {
          ...{ weight, scale: bias.scale, magnitude: undefined },
          delta: { kind: 'difference', values: bias.location },
        });
    }
  }
  const side = preparedFile(outputDirectory, 'loras', await madeFrom(checkpoint, loras));
  if ((await readPrepared(side)) === undefined) {
    const sorted = [...changed].sort(([a], [b]) => (a < b ? -1 : 1));
    await writePrepared(side, mergedSources(sorted, add));
  }
  return withTensorsFrom(checkpoint, side.file);
}

function requireLoraFile(file: string, weight: number): void {
  if (path.extname(file).toLowerCase() !== '.safetensors')
    throw new CheckpointError(`${file}: a LoRA is a .safetensors file`);
  if (!Number.isFinite(weight))
    throw new CheckpointError(`${file}: its weight is ${weight}; it must be a number`);
}

/** Tensors that are read and computed while one is written. */
const ahead = 2;

function mergedSources(changed: readonly (readonly [string, Changed])[], add: AddLowRank): TensorSource[] {
  const begun = new Map<number, Promise<Uint8Array>>();
  const begin = (index: number): Promise<Uint8Array> => {
    const known = begun.get(index);
    if (known !== undefined) return known;
    const merged = mergedBytes(changed[index]![1], add);
    // Whoever waits for it hears of its failure; where nobody does, the writing has failed before.
    merged.catch(() => undefined);
    begun.set(index, merged);
    return merged;
  };
  return changed.map(([name, { location }], index) => ({
    ...{ name, dtype: location.dtype, shape: location.shape },
    async *bytes() {
      for (let next = index; next <= index + ahead && next < changed.length; next++) begin(next);
      yield await begin(index);
      begun.delete(index);
    },
  }));
}

async function mergedBytes({ location, changes }: Changed, add: AddLowRank): Promise<Uint8Array> {
  const applied = changes.filter(({ weight }) => weight !== 0);
  return (await withProducts(location, applied, add)) ?? (await withChanges(location, applied, add));
}

/** The tensor's bytes where nothing but products is added to it, without a float32 copy of it. */
async function withProducts(
  location: TensorLocation,
  changes: readonly Change[],
  add: AddLowRank,
): Promise<Uint8Array | undefined> {
  const { dtype } = location;
  if (location.transposed === true || changes.length === 0 || dtype === 'BF16') return undefined;
  const parts = changes.flatMap(({ delta, scale, magnitude, weight }) =>
    delta !== undefined && isProduct(delta) && magnitude === undefined
      ? [{ delta, scale: weight * scale }]
      : [],
  );
  if (parts.length < changes.length) return undefined;
  const { buffer, byteOffset, byteLength } = await readTensorBytes(location);
  const sum = productOf(parts);
  const { buffer: merged } =
    dtype === 'F16'
      ? await add(new Float16Array(buffer, byteOffset, byteLength / 2), await sum)
      : await add(new Float32Array(buffer, byteOffset, byteLength / 4), await sum);
  return new Uint8Array(merged);
}

async function withChanges(
  location: TensorLocation,
  changes: readonly Change[],
  add: AddLowRank,
): Promise<Uint8Array> {
  const { dtype, shape } = location;
  const original = await readTensorValues(location);
  let values: Float32Array = original.slice();
  for (const { delta, scale, magnitude, weight } of changes) {
    if (magnitude === undefined) {
      values = await addDelta(values, delta!, weight * scale, shape, add);
      continue;
    }
    const whole = await addDelta(original.slice(), delta!, scale, shape, add);
    withMagnitude(whole, shape, await readTensorValues(magnitude.location), magnitude.byRow);
    for (let at = 0; at < values.length; at++) values[at]! += weight * (whole[at]! - original[at]!);
  }
  return encodeValues(values, dtype);
}

/** The files behind the merged tensors, and the weights. */
async function madeFrom({ unet, textEncoders }: Checkpoint, loras: readonly LoraFile[]) {
  return {
    base: await fileStates([unet, ...textEncoders].flatMap(filesOf)),
    loras: await Promise.all(
      loras.map(async ({ file, weight, textEncoderWeight = weight }) => [
        ...(await fileState(file)),
        weight,
        ...(textEncoderWeight === weight ? [] : [textEncoderWeight]),
      ]),
    ),
  };
}

function filesOf({ tensors }: Component<unknown>): string[] {
  return [...tensors.values()].map(({ file }) => file);
}
