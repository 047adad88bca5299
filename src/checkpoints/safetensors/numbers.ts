import { CheckpointError } from '../checkpoint-error.ts';
import type { NoteLocation } from './safetensors.ts';
import { readTensorBytes } from './tensor-values.ts';

/** A note is a number or a few: a LoRA's alpha, means of latents, a marker. */
const mostNumbers = 4096;

type ReadElement = (view: DataView, at: number) => number;

const readers: Readonly<Record<string, readonly [bytes: number, read: ReadElement]>> = {
  BOOL: [1, (view, at) => Number(view.getUint8(at) !== 0)],
  U8: [1, (view, at) => view.getUint8(at)],
  I8: [1, (view, at) => view.getInt8(at)],
  U16: [2, (view, at) => view.getUint16(at, true)],
  I16: [2, (view, at) => view.getInt16(at, true)],
  U32: [4, (view, at) => view.getUint32(at, true)],
  I32: [4, (view, at) => view.getInt32(at, true)],
  U64: [8, (view, at) => Number(view.getBigUint64(at, true))],
  I64: [8, (view, at) => Number(view.getBigInt64(at, true))],
  F64: [8, (view, at) => view.getFloat64(at, true)],
  F32: [4, (view, at) => view.getFloat32(at, true)],
  F16: [2, (view, at) => view.getFloat16(at, true)],
  BF16: [2, (view, at) => floatOf(view.getUint16(at, true) << 16)],
  F8_E5M2: [1, (view, at) => halfOf(view.getUint8(at) << 8)],
  F8_E4M3: [1, (view, at) => e4m3Of(view.getUint8(at))],
};

/**
 * The numbers of a tensor of any element type, in row-major order.
 * @throws CheckpointError naming file and tensor where there are more than a note has, or of a type without
 * numbers of its own.
 */
export async function readNumbers(name: string, location: NoteLocation): Promise<number[]> {
  const { file, dtype, shape } = location;
  const count = shape.reduce((product, extent) => product * extent, 1);
  if (count > mostNumbers)
    throw new CheckpointError(
      `${file}: tensor "${name}" holds ${count} numbers, the limit is ${mostNumbers}`,
    );
  const reader = Object.hasOwn(readers, dtype) ? readers[dtype] : undefined;
  if (reader === undefined)
    throw new CheckpointError(`${file}: tensor "${name}" has element type ${dtype}, which is no number`);
  const [bytes, read] = reader;
  const { buffer, byteOffset, byteLength } = await readTensorBytes(location);
  const view = new DataView(buffer, byteOffset, byteLength);
  return Array.from({ length: count }, (_, index) => read(view, index * bytes));
}

/** The one number of a tensor. @throws CheckpointError where it holds none or several, or no finite one. */
export async function readNumber(name: string, location: NoteLocation): Promise<number> {
  const numbers = await readNumbers(name, location);
  const [only] = numbers;
  if (only === undefined || numbers.length > 1)
    throw new CheckpointError(
      `${location.file}: tensor "${name}" has shape [${location.shape}]; it must hold one number`,
    );
  if (!Number.isFinite(only))
    throw new CheckpointError(`${location.file}: tensor "${name}" is ${only}; it must be a finite number`);
  return only;
}

function floatOf(bits: number): number {
  return new Float32Array(Uint32Array.of(bits).buffer)[0]!;
}

function halfOf(bits: number): number {
  return new Float16Array(Uint16Array.of(bits).buffer)[0]!;
}

/** 4 bits of exponent with bias 7, 3 of fraction, no infinity (Micikevicius et al. 2022, table 1). */
function e4m3Of(bits: number): number {
  const sign = bits & 0x80 ? -1 : 1;
  const exponent = (bits >> 3) & 15;
  const fraction = bits & 7;
  if (exponent === 15 && fraction === 7) return Number.NaN;
  return sign * (exponent === 0 ? fraction * 2 ** -9 : (8 + fraction) * 2 ** (exponent - 10));
}
