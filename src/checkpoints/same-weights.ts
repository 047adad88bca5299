import type { Component, TensorLocation } from './checkpoint.ts';
import { isIgnorableTensor } from './safetensors/safetensors.ts';
import { readTensorBytes, readTensorValues } from './safetensors/tensor-values.ts';

/**
 * Whether two components compute the same function to the bit: the same class and config, and every tensor
 * the same bytes. Decided by content, which is read only as far as it is equal, the small tensors first:
 * those of other training differ at once.
 */
export async function haveSameWeights(a: Component<unknown>, b: Component<unknown>): Promise<boolean> {
  const [own, others] = [weightsOf(a), weightsOf(b)];
  if (a.className !== b.className || own.length !== others.length) return false;
  if (JSON.stringify(a.config) !== JSON.stringify(b.config)) return false;
  for (const [name, tensor] of own.sort(([, x], [, y]) => x.byteLength - y.byteLength)) {
    const other = b.tensors.get(name);
    if (other === undefined || !(await isSameTensor(tensor, other))) return false;
  }
  return true;
}

function weightsOf({ tensors }: Component<unknown>): [string, TensorLocation][] {
  return [...tensors].filter(([name]) => !isIgnorableTensor(name));
}

/** Whether the bytes of two tensors are the same, and what they stand for. */
export async function isSameTensor(a: TensorLocation, b: TensorLocation): Promise<boolean> {
  const { file, byteOffset, transposed, ...kind } = a;
  const { file: otherFile, byteOffset: otherOffset, transposed: otherTransposed, ...otherKind } = b;
  if (JSON.stringify(kind) !== JSON.stringify(otherKind)) return false;
  if (transposed !== otherTransposed) {
    const [values, otherValues] = [await readTensorValues(a), await readTensorValues(b)];
    return values.every((value, index) => Object.is(value, otherValues[index]));
  }
  if (file === otherFile && byteOffset === otherOffset) return true;
  return Buffer.from((await readTensorBytes(a)).buffer).equals(await readTensorBytes(b));
}
