import path from 'node:path';
import type { Dtype, PendingProducts, TensorLocation } from '../checkpoint.ts';
import { fileState } from '../safetensors/prepared-file.ts';
import { productOf } from './lora-delta.ts';
import type { LowRank } from './low-rank.ts';

/** Beyond the end of any file. */
const nowhere = 2 ** 48;

/** A tensor that has products added to it where it comes to lie; in no file. */
export function withPending(pending: PendingProducts): TensorLocation {
  return { ...pending.onto, byteOffset: nowhere, pending };
}

/** Whether products can be added to a tensor without another conversion before or after. */
export function canWait({ dtype, transposed }: TensorLocation, computed: Dtype): boolean {
  return dtype === computed && transposed !== true;
}

/**
 * The sum of a tensor's products as one of their common rank.
 * @param channelsLast for a weight [out, in, height, width] that lies as [out, height, width, in].
 * @throws Error naming a file that is no longer the one whose header was read.
 */
export async function pendingProduct(
  { onto: { shape }, products, files }: PendingProducts,
  channelsLast: boolean,
): Promise<LowRank> {
  const paths = new Set(products.flatMap(({ up, down }) => [up.file, down.file]));
  const states = await Promise.all([...paths].map((file) => fileState(file).catch(() => [])));
  const [now, then] = [new Set(states.map(String)), new Set(files.map(String))];
  if (!now.isSubsetOf(then))
    throw new Error(
      `${[...paths].map((file) => path.basename(file)).join(', ')}: a LoRA's file was changed while it was used`,
    );
  const sum = await productOf(
    products.map(({ scale, up, down }) => ({ scale, delta: { kind: 'low rank', up, down, mid: undefined } })),
  );
  if (!channelsLast) return sum;
  const [, inputs, ...kernel] = shape as [number, number, ...number[]];
  return { ...sum, down: channelsLastRows(sum.down, sum.rank, inputs, kernel) };
}

/** Rows of [in, height, width] as rows of [height, width, in]. */
function channelsLastRows(
  values: Float32Array,
  rows: number,
  inputs: number,
  kernel: readonly number[],
): Float32Array {
  const pixels = kernel.reduce((all, side) => all * side, 1);
  const result = new Float32Array(values.length);
  for (let row = 0; row < rows; row++)
    for (let input = 0; input < inputs; input++)
      for (let pixel = 0; pixel < pixels; pixel++)
        result[(row * pixels + pixel) * inputs + input] = values[(row * inputs + input) * pixels + pixel]!;
  return result;
}
