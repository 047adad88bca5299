import type { TensorLocation } from '../checkpoint.ts';
import { readTensorValues, transposed } from '../safetensors/tensor-values.ts';
import { type Delta, type Factors, product } from './lora-changes.ts';
import type { AddLowRank, LowRank } from './low-rank.ts';

/**
 * Adds scale times a delta to a weight's values, in float32.
 * @param shape of the weight, whose values are row-major.
 * @returns the same array or another.
 */
export async function addDelta(
  values: Float32Array,
  delta: Delta,
  scale: number,
  shape: readonly number[],
  addLowRank: AddLowRank,
): Promise<Float32Array> {
  if (isProduct(delta)) return await addLowRank(values, await productOf([{ delta, scale }]));
  const whole = await wholeDelta(delta, shape, addLowRank);
  for (let index = 0; index < whole.length; index++) values[index]! += scale * whole[index]!;
  return values;
}

/** A delta that is the product of two matrices. */
export type Product = Extract<Delta, { kind: 'low rank' }>;

/** Whether a delta is the product of two matrices and nothing else. */
export function isProduct(delta: Delta): delta is Product {
  return delta.kind === 'low rank' && delta.mid === undefined;
}

/** The sum of several products as one of their common rank. */
export async function productOf(
  parts: readonly { readonly delta: Product; readonly scale: number }[],
): Promise<LowRank> {
  const read = await Promise.all(
    parts.map(async ({ delta, scale }) => ({
      scale,
      rank: delta.down.shape[0]!,
      up: await readTensorValues(delta.up),
      down: await readTensorValues(delta.down),
    })),
  );
  const [first] = read;
  if (read.length === 1) return first!;
  const rank = read.reduce((sum, part) => sum + part.rank, 0);
  const outputs = first!.up.length / first!.rank;
  const inputs = first!.down.length / first!.rank;
  const [up, down] = [new Float32Array(outputs * rank), new Float32Array(rank * inputs)];
  let begin = 0;
  for (const part of read) {
    for (let output = 0; output < outputs; output++)
      for (let index = 0; index < part.rank; index++)
        up[output * rank + begin + index] = part.scale * part.up[output * part.rank + index]!;
    down.set(part.down, begin * inputs);
    begin += part.rank;
  }
  return { up, down, rank, scale: 1 };
}

async function wholeDelta(
  delta: Delta,
  shape: readonly number[],
  addLowRank: AddLowRank,
): Promise<Float32Array> {
  if (delta.kind === 'difference') return await readTensorValues(delta.values);
  if (delta.kind === 'low rank')
    return await aroundCore(delta.mid!, turned(delta.up), flat(delta.down), addLowRank);
  if (delta.kind === 'hadamard') {
    const [first, second] = await Promise.all(
      delta.pairs.map(({ a, b }, index) =>
        delta.cores
          ? aroundCore(delta.cores[index]!, flat(a!), flat(b), addLowRank)
          : multiplied({ a, b }, addLowRank),
      ),
    );
    return first!.map((value, index) => value * second![index]!);
  }
  const { first, second, core } = delta;
  const [one, two] = [
    await multiplied(first, addLowRank),
    core === undefined
      ? await multiplied(second, addLowRank)
      : await aroundCore(core, flat(second.a!), flat(second.b), addLowRank),
  ];
  const columns = first.b.shape[1]!;
  return kroneckerProduct(one, two, columns, shape);
}

/** A matrix with its extents, read when it is its turn. */
interface Matrix {
  readonly rows: number;
  readonly columns: number;
  /** Row-major. */
  read(): Promise<Float32Array>;
}

/** A tensor [rows, columns, 1, 1] as a matrix. */
function flat(location: TensorLocation): Matrix {
  const [rows = 0, ...rest] = location.shape;
  return { rows, columns: product(rest), read: () => readTensorValues(location) };
}

function turned(location: TensorLocation): Matrix {
  const { rows, columns, read } = flat(location);
  return { rows: columns, columns: rows, read: async () => transposed(await read(), rows, columns) };
}

/** a times b, b [inner, columns of any rank], as [rows, columns]. */
async function multiplied({ a, b }: Factors, addLowRank: AddLowRank): Promise<Float32Array> {
  if (a === undefined) return await readTensorValues(b);
  const values = new Float32Array(a.shape[0]! * product(b.shape.slice(1)));
  const [up, down] = await Promise.all([readTensorValues(a), readTensorValues(b)]);
  return await addLowRank(values, { up, down, rank: b.shape[0]!, scale: 1 });
}

/**
 * Tucker's decomposition (lycoris-lora 3.2.0, functional/general.py, rebuild_tucker): the sum over i, j of
 * core[i, j, ...] left[i, out] right[j, in], as [out, in, ...].
 */
async function aroundCore(
  core: TensorLocation,
  left: Matrix,
  right: Matrix,
  addLowRank: AddLowRank,
): Promise<Float32Array> {
  const [outer = 0, inner = 0, ...kernel] = core.shape;
  const pixels = product(kernel);
  const [values, leftValues, rightValues] = await Promise.all([
    readTensorValues(core),
    left.read(),
    right.read(),
  ]);
  const [outs, ins] = [left.columns, right.columns];
  const result = new Float32Array(outs * ins * pixels);
  const up = transposed(leftValues, outer, outs);
  for (let pixel = 0; pixel < pixels; pixel++) {
    const slice = Float32Array.from({ length: outer * inner }, (_, at) => values[at * pixels + pixel]!);
    const right = { up: slice, down: rightValues, rank: inner, scale: 1 };
    const middle = await addLowRank(new Float32Array(outer * ins), right);
    const around = { up, down: middle, rank: outer, scale: 1 };
    const plane = await addLowRank(new Float32Array(outs * ins), around);
    for (let at = 0; at < plane.length; at++) result[at * pixels + pixel] = plane[at]!;
  }
  return result;
}

/**
 * Of [a, b] and [c, d, ...]: [ac, bd, ...].
 * @param columns b. @param shape of the result.
 */
function kroneckerProduct(
  one: Float32Array,
  two: Float32Array,
  columns: number,
  shape: readonly number[],
): Float32Array {
  const pixels = product(shape.slice(2));
  const [rows, inputs] = [shape[0]!, shape[1]!];
  const innerColumns = inputs / columns;
  const innerRows = (two.length / innerColumns / pixels) | 0;
  const result = new Float32Array(rows * inputs * pixels);
  for (let row = 0; row < rows; row++) {
    const [outerRow, innerRow] = [Math.floor(row / innerRows), row % innerRows];
    for (let column = 0; column < inputs; column++) {
      const factor = one[outerRow * columns + Math.floor(column / innerColumns)]!;
      const from = (innerRow * innerColumns + (column % innerColumns)) * pixels;
      const to = (row * inputs + column) * pixels;
      for (let pixel = 0; pixel < pixels; pixel++) result[to + pixel] = factor * two[from + pixel]!;
    }
  }
  return result;
}

/** As float32's epsilon in lycoris-lora and peft: a column of zeros stays one. */
const leastNorm = 2 ** -23;

/**
 * DoRA (Liu et al. 2024, eq. 5): each column, or row, of a weight brought to its trained length, in place.
 * @param magnitude [1, in, ...] by columns, [out, 1, ...] or [out] by rows; see lycoris-lora's wd_on_output.
 */
export function withMagnitude(
  weight: Float32Array,
  shape: readonly number[],
  magnitude: Float32Array,
  byRow: boolean,
): void {
  const [rows, columns] = [shape[0]!, shape[1]!];
  const pixels = product(shape.slice(2));
  const sums = new Float64Array(byRow ? rows : columns);
  const groupOf = (index: number) =>
    byRow ? Math.floor(index / (columns * pixels)) : Math.floor(index / pixels) % columns;
  for (let index = 0; index < weight.length; index++) sums[groupOf(index)]! += weight[index]! ** 2;
  for (let index = 0; index < weight.length; index++) {
    const group = groupOf(index);
    weight[index]! *= magnitude[group]! / Math.max(Math.sqrt(sums[group]!), leastNorm);
  }
}
