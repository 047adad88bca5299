import { createNoiseSource } from '../../numerics/noise-source.ts';
import { slerpColumns } from '../../numerics/slerp.ts';
import type { LatentSize } from './guidance.ts';
import type { Sample, SamplingOptions } from './sampling.ts';

export interface EntryShape {
  readonly channels: number;
  /** Of the latents. */
  readonly size: LatentSize;
  /** Pixels a side for each latent. */
  readonly factor: number;
}

/**
 * The noise a sample begins with, [channels, height, width]: the next draw of its own. A variation turns it
 * towards the noise of a second seed; of a seed resized from another size the noise of that size stands in
 * the middle, and the sample's own around it. Both as A1111 has them (modules/rng.py, commit 0d5dc9a).
 * @param draw how many draws the sample's own noise has given before: the second seed's is taken at the same
 * place, so that at strength 1 it is the noise that seed begins with.
 */
export function entryNoise(
  { seed, variationSeed, noise }: Sample,
  { channels, size, factor }: EntryShape,
  { rng, variation, seedResizeFrom }: Pick<SamplingOptions, 'rng' | 'variation' | 'seedResizeFrom'>,
  draw = 0,
): Float32Array {
  const own = noise.normal();
  if (variation === undefined && seedResizeFrom === undefined) return own;
  const inner = seedResizeFrom
    ? { height: Math.floor(seedResizeFrom.height / factor), width: Math.floor(seedResizeFrom.width / factor) }
    : size;
  const isResized = inner.height !== size.height || inner.width !== size.width;
  const length = channels * inner.height * inner.width;
  if (length === 0) return own;
  const drawn = (from: number): Float32Array => {
    const source = createNoiseSource({ rng, seed: from, length });
    for (let skipped = 0; skipped < draw; skipped++) source.normal();
    return source.normal();
  };
  const first = isResized ? drawn(seed) : own;
  const varied =
    variation === undefined
      ? first
      : slerpColumns(variation.strength, first, drawn(variationSeed!), { channels, ...inner });
  return isResized ? centred(varied, inner, own, size, channels) : varied;
}

/** The outer noise with as much of the inner in its middle as both have. */
function centred(
  inner: Float32Array,
  from: LatentSize,
  outer: Float32Array,
  to: LatentSize,
  channels: number,
): Float32Array {
  const result = outer.slice();
  // Towards the upper left where a difference is odd, as an integer division of Python rounds.
  const down = Math.floor((to.height - from.height) / 2);
  const across = Math.floor((to.width - from.width) / 2);
  const height = down >= 0 ? from.height : from.height + 2 * down;
  const width = across >= 0 ? from.width : from.width + 2 * across;
  for (let channel = 0; channel < channels; channel++)
    for (let y = 0; y < height; y++) {
      const source = (channel * from.height + y + Math.max(-down, 0)) * from.width + Math.max(-across, 0);
      const target = (channel * to.height + y + Math.max(down, 0)) * to.width + Math.max(across, 0);
      result.set(inner.subarray(source, source + width), target);
    }
  return result;
}
