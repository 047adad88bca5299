import { open } from 'node:fs/promises';
import type { Dtype, TensorLocation } from '../checkpoint.ts';
import { readAllAt } from './read-at.ts';

type TensorPlace = Pick<TensorLocation, 'file' | 'byteOffset' | 'byteLength'>;

/** A tensor's bytes as they stand in its file. */
export async function readTensorBytes({ file, byteOffset, byteLength }: TensorPlace): Promise<Uint8Array> {
  const handle = await open(file, 'r');
  try {
    const bytes = new Uint8Array(byteLength);
    await readAllAt(handle, file, bytes, byteOffset);
    return bytes;
  } finally {
    await handle.close();
  }
}

/**
 * A tensor's bytes as they stand in its file, one piece after the other, each as long as `room` but the last
 * and in its place.
 */
export async function* tensorPieces(
  { file, byteOffset, byteLength }: TensorPlace,
  room: Uint8Array,
): AsyncGenerator<Uint8Array, undefined> {
  const handle = await open(file, 'r');
  try {
    for (let start = 0; start < byteLength; start += room.byteLength) {
      const piece = room.subarray(0, Math.min(room.byteLength, byteLength - start));
      await readAllAt(handle, file, piece, byteOffset + start);
      yield piece;
    }
  } finally {
    await handle.close();
  }
}

/** A tensor's values in row-major order of its shape. */
export async function readTensorValues(location: TensorLocation): Promise<Float32Array> {
  const values = decodeValues(await readTensorBytes(location), location.dtype);
  if (location.transposed !== true) return values;
  const [rows, columns] = location.shape as [number, number];
  return transposed(values, columns, rows);
}

/** @param values row-major, [rows, columns]. @returns [columns, rows] */
export function transposed(values: Float32Array, rows: number, columns: number): Float32Array {
  const result = new Float32Array(values.length);
  for (let row = 0; row < rows; row++)
    for (let column = 0; column < columns; column++)
      result[column * rows + row] = values[row * columns + column]!;
  return result;
}

/** @param bytes little-endian, at an offset of its buffer that suits the element size. */
export function decodeValues(bytes: Uint8Array, dtype: Dtype): Float32Array {
  const { buffer, byteOffset, byteLength } = bytes;
  if (dtype === 'F32') return new Float32Array(buffer, byteOffset, byteLength / 4);
  if (dtype === 'F16') return new Float32Array(new Float16Array(buffer, byteOffset, byteLength / 2));
  const upper = new Uint16Array(buffer, byteOffset, byteLength / 2);
  const bits = new Uint32Array(upper.length);
  for (let index = 0; index < upper.length; index++) bits[index] = upper[index]! << 16;
  return new Float32Array(bits.buffer);
}

/** Little-endian bytes of finite values, rounded to nearest, ties to even. */
export function encodeValues(values: Float32Array, dtype: Dtype): Uint8Array {
  if (dtype === 'F32') return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  if (dtype === 'F16') return new Uint8Array(new Float16Array(values).buffer);
  const bits = new Uint32Array(values.buffer, values.byteOffset, values.length);
  const upper = new Uint16Array(bits.length);
  for (let index = 0; index < bits.length; index++)
    upper[index] = (bits[index]! + 0x7fff + ((bits[index]! >>> 16) & 1)) >>> 16;
  return new Uint8Array(upper.buffer);
}
