import type { ConfigReader } from './config-reader.ts';

export interface TransformerDepths {
  /** By down level, then by layer. */
  readonly down: readonly (readonly number[])[];
  readonly mid: number;
  /** By up level (innermost first), then by layer. */
  readonly up: readonly (readonly number[])[];
}

/** SDXL has 70. */
const mostBlocks = 4000;

/**
 * transformer_layers_per_block is one number, one per level, or nested with one per layer; nested ones need
 * reverse_transformer_layers_per_block for the way up (as SSD-1B has), the others are mirrored. The middle
 * takes the innermost level's first. Rules of UNet2DConditionModel.__init__ in diffusers 0.42.1.
 */
export function transformerDepths(read: ConfigReader, layers: readonly number[]): TransformerDepths {
  const key = 'transformer_layers_per_block';
  const reverseKey = 'reverse_transformer_layers_per_block';
  const byLevel = listPerLevel(read, key, layers.length, 1);
  const down = byLevel.map((level, index) => listPerLayer(read, key, level, layers[index]!));
  const reverse = read.raw(reverseKey);
  if (reverse == null && byLevel.some(Array.isArray))
    read.fail(key, `a nested array needs ${reverseKey} beside it`);
  const upLayers = layers.map((count) => count + 1).reverse();
  const upByLevel = reverse == null ? byLevel.toReversed() : listPerLevel(read, reverseKey, layers.length, 1);
  const up = upByLevel.map((level, index) =>
    listPerLayer(read, reverse == null ? key : reverseKey, level, upLayers[index]!),
  );
  const mid = down.at(-1)![0]!;
  if ([down, up, mid].flat(2).reduce((sum, depth) => sum + depth, 0) > mostBlocks)
    read.fail(key, `the network would have more than ${mostBlocks} transformer blocks`);
  return { down, mid, up };
}

function listPerLevel(read: ConfigReader, key: string, count: number, fallback: number): unknown[] {
  const value = read.raw(key) ?? fallback;
  const levels: unknown[] = Array.isArray(value) ? value : Array(count).fill(value);
  return levels.length === count ? levels : read.fail(key, `the network has ${count} levels`);
}

function listPerLayer(read: ConfigReader, key: string, level: unknown, count: number): number[] {
  const layers: unknown[] = Array.isArray(level) ? level : Array(count).fill(level);
  if (layers.length !== count) return read.fail(key, `a level of ${count} layers needs ${count} numbers`);
  return layers.every((depth) => Number.isSafeInteger(depth) && (depth as number) >= 0)
    ? (layers as number[])
    : read.fail(key, 'it must hold non-negative integers');
}
