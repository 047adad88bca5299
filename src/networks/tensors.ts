import { Tensor } from 'onnxruntime-node';

/** @throws Error naming the tensor if the array does not fill the shape. */
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

export function floatTensor(name: string, values: Float32Array, shape: readonly number[]): Tensor {
  requireLength(name, values.length, shape);
  return new Tensor('float32', values, shape);
}

export function integerTensor(values: Iterable<number>, shape: readonly number[]): Tensor {
  return new Tensor('int64', BigInt64Array.from(values, BigInt), shape);
}

/** The float32 data of an output. */
export function floatsOf(tensors: Readonly<Record<string, Tensor>>, name: string): Float32Array {
  const data = tensors[name]?.data;
  if (!(data instanceof Float32Array)) throw new Error(`the network gave no float32 output ${name}`);
  return data;
}
