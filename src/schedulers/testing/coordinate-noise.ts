import type { NoiseSource } from '../../numerics/noise-source.ts';

/**
 * Noise as coordinates: every draw is a unit vector of its own. With a linear denoiser the latents then hold
 * the weight of every draw in the result, so that the variance over all trajectories is their squared length.
 */
export function coordinates(length: number, next: { index: number }): NoiseSource {
  const unit = () => {
    const vector = new Float32Array(length);
    vector[next.index++] = 1;
    return vector;
  };
  return { normal: unit, brownian: (_, sigmaMax) => downwardPath(sigmaMax, length, unit) };
}

/** A Brownian path that is only asked further down than before: each new stretch is one independent draw. */
export function downwardPath(sigmaMax: number, length: number, draw: () => Float32Array) {
  const top = Math.fround(sigmaMax);
  const values = new Map([[top, new Float64Array(length)]]);
  let lowest = top;
  const valueAt = (sigma: number): Float64Array => {
    const known = values.get(sigma);
    if (known !== undefined) return known;
    if (!(sigma < lowest)) throw new RangeError(`the path was asked at ${sigma} after ${lowest}`);
    const stretch = Math.sqrt(lowest - sigma);
    const increment = draw();
    const value = values.get(lowest)!.slice();
    for (let i = 0; i < length; i++) value[i]! += stretch * increment[i]!;
    values.set(sigma, value);
    lowest = sigma;
    return value;
  };
  return (sigma: number, sigmaNext: number) => {
    const [from, to] = [Math.min(Math.fround(sigma), top), Math.fround(sigmaNext)];
    const before = valueAt(from);
    const after = valueAt(to);
    for (const passed of values.keys()) if (passed > from) values.delete(passed);
    const noise = new Float32Array(length);
    for (let i = 0; i < length; i++) noise[i] = (after[i]! - before[i]!) / Math.sqrt(from - to);
    return noise;
  };
}
