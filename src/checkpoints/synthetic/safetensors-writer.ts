import type { Dtype } from '../checkpoint.ts';
import { encodeValues } from '../safetensors/tensor-values.ts';
import { writeSafetensors } from '../safetensors/write-safetensors.ts';
import { uniformStream } from './random-values.ts';
import type { Recipe } from './recipes.ts';
import { elementCount, type Shapes } from './shapes.ts';

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

/**
 * Writes one safetensors file of random tensors, sorted by name as the reference implementation does, in
 * bounded memory.
 */
export async function writeRandomSafetensors(file: string, tensors: RandomTensors): Promise<void> {
  const { shapes, recipe, dtype, seed, nameInFile } = tensors;
  const names = [...shapes.keys()].sort((a, b) => (nameInFile(a) < nameInFile(b) ? -1 : 1));
  await writeSafetensors(
    file,
    names.map((name) => {
      const shape = shapes.get(name)!;
      return {
        name: nameInFile(name),
        dtype,
        shape,
        *bytes() {
          for (const values of randomChunks(seed, name, shape, recipe(name, shape)))
            yield encodeValues(values, dtype);
        },
      };
    }),
  );
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
