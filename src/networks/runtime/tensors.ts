import type { Tensor, Tensors } from './tensor-values.ts';

/** @throws Error naming the tensor if the number of values does not fill the shape. */
export function requireLength(name: string, length: number, shape: readonly number[]): void {
  const expected = shape.reduce((product, side) => product * side, 1);
  if (length !== expected)
    throw new Error(`${name} has ${length} values; its shape [${shape.join(', ')}] holds ${expected}`);
}

/** @throws Error naming the number if it is not a positive integer. */
export function requireSize(name: string, value: number): void {
  if (!Number.isSafeInteger(value) || value < 1)
    throw new Error(`${name} is ${value}; it must be a positive integer`);
}

/** A float32 tensor over `data`, not copied. @throws Error naming a length that is not the shape's. */
export function floatTensor(name: string, data: Float32Array, shape: readonly number[]): Tensor {
  requireLength(name, data.length, shape);
  return { data, shape };
}

/** For an output to be written to. */
export function floatTarget(shape: readonly number[]): Tensor {
  return { data: new Float32Array(shape.reduce((product, side) => product * side, 1)), shape };
}

/** An int64 tensor. @throws RangeError where a value is no integer. */
export function integerTensor(values: Iterable<number>, shape: readonly number[]): Tensor {
  return { data: BigInt64Array.from(values, BigInt), shape };
}

/** The data of a float32 output. */
export function floatsOf(tensors: Tensors, name: string): Float32Array {
  const data = tensors[name]?.data;
  if (!(data instanceof Float32Array)) throw new Error(`the network gave no float32 output ${name}`);
  return data;
}
