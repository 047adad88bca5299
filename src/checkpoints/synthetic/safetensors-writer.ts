import { open } from 'node:fs/promises';
import type { Dtype } from '../checkpoint.ts';
import { uniformStream } from './random-values.ts';
import type { Recipe } from './recipes.ts';
import { elementCount, type Shapes } from './shapes.ts';

/** Bytes of one value on disk. */
export const elementBytes: Readonly<Record<Dtype, number>> = { F32: 4, F16: 2, BF16: 2 };
/** Values made and written at a time; tensors with a `finish` must fit. */
const chunkValues = 2 ** 21;

export interface RandomTensors {
  readonly shapes: Shapes;
  readonly recipe: (name: string, shape: readonly number[]) => Recipe;
  readonly dtype: Dtype;
  readonly seed: number;
  /** Name of a tensor in the file; its numbers depend on the published name only. */
  readonly nameInFile: (name: string) => string;
}

/** Writes one safetensors file of random tensors, sorted by name as the reference implementation does, in bounded memory. */
export async function writeRandomSafetensors(file: string, tensors: RandomTensors): Promise<void> {
  const { shapes, recipe, dtype, seed, nameInFile } = tensors;
  const names = [...shapes.keys()].sort((a, b) => (nameInFile(a) < nameInFile(b) ? -1 : 1));
  const header: Record<string, unknown> = { __metadata__: { format: 'pt' } };
  let position = 0;
  for (const name of names) {
    const shape = shapes.get(name)!;
    const end = position + elementCount(shape) * elementBytes[dtype];
    header[nameInFile(name)] = { dtype, shape, data_offsets: [position, end] };
    position = end;
  }
  const json = JSON.stringify(header);
  const headerBytes = Buffer.from(json.padEnd(Math.ceil(json.length / 8) * 8));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(headerBytes.length));

  const handle = await open(file, 'wx');
  try {
    await handle.writeFile(Buffer.concat([length, headerBytes]));
    for (const name of names) {
      const shape = shapes.get(name)!;
      for (const values of randomChunks(seed, name, shape, recipe(name, shape)))
        await handle.writeFile(encode(values, dtype));
    }
  } finally {
    await handle.close();
  }
}

function* randomChunks(
  seed: number,
  name: string,
  shape: readonly number[],
  { offset, amplitude, finish }: Recipe,
): Generator<Float32Array> {
  const fill = uniformStream(seed, name);
  const total = elementCount(shape);
  if (finish !== undefined && total > chunkValues)
    throw new RangeError(`${name} is too large for its recipe`);
  for (let begin = 0; begin < total; begin += chunkValues) {
    const values = new Float32Array(Math.min(chunkValues, total - begin));
    fill(values);
    for (let index = 0; index < values.length; index++) values[index] = offset + amplitude * values[index]!;
    finish?.(values, shape);
    yield values;
  }
}

/** Little-endian bytes, rounded to nearest, ties to even. */
function encode(values: Float32Array, dtype: Dtype): Uint8Array {
  if (dtype === 'F32') return new Uint8Array(values.buffer);
  if (dtype === 'F16') return new Uint8Array(new Float16Array(values).buffer);
  const bits = new Uint32Array(values.buffer);
  const upper = new Uint16Array(bits.length);
  for (let index = 0; index < bits.length; index++)
    upper[index] = (bits[index]! + 0x7fff + ((bits[index]! >>> 16) & 1)) >>> 16;
  return new Uint8Array(upper.buffer);
}
