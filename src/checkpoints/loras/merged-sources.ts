import type { TensorLocation } from '../checkpoint.ts';
import { encodeValues, readTensorBytes, readTensorValues } from '../safetensors/tensor-values.ts';
import type { TensorSource } from '../safetensors/write-safetensors.ts';
import { addDelta, isProduct, type Product, productOf, withMagnitude } from './lora-delta.ts';
import type { LoraModule } from './lora-file.ts';
import type { AddLowRank } from './low-rank.ts';

/** What a file changes of one tensor. */
export interface Change extends Omit<LoraModule, 'target' | 'bias'> {
  readonly weight: number;
}

/** A tensor with everything that is changed of it. */
export interface Changed {
  readonly location: TensorLocation;
  readonly changes: Change[];
}

/** Tensors that are read and computed while one is written. */
const ahead = 2;

/** Merged tensors as they are written, two of them made ahead. */
export function mergedSources(
  changed: readonly (readonly [string, Changed])[],
  add: AddLowRank,
): TensorSource[] {
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
  const parts = productsOf(changes);
  if (parts === undefined) return undefined;
  const { buffer, byteOffset, byteLength } = await readTensorBytes(location);
  const sum = productOf(parts);
  const { buffer: merged } =
    dtype === 'F16'
      ? await add(new Float16Array(buffer, byteOffset, byteLength / 2), await sum)
      : await add(new Float32Array(buffer, byteOffset, byteLength / 4), await sum);
  return new Uint8Array(merged);
}

/** @returns undefined where one of them is more than a product. */
export function productsOf(
  changes: readonly Change[],
): { readonly delta: Product; readonly scale: number }[] | undefined {
  const parts = changes.flatMap(({ delta, scale, magnitude, weight }) =>
    delta !== undefined && isProduct(delta) && magnitude === undefined
      ? [{ delta, scale: weight * scale }]
      : [],
  );
  return parts.length < changes.length ? undefined : parts;
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
