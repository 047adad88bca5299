import { createBrownianPath } from './brownian-path.ts';
import { createPhiloxNormals } from './philox-normals.ts';
import type { RandomAlgorithm } from './random-algorithms.ts';
import { createTorchCpuNormals } from './torch-cpu-normals.ts';

/**
 * Where a sampler's randomness comes from. One source belongs to one sample (image): its draws never depend
 * on how many samples run beside it.
 */
export interface NoiseSource {
  /**
   * The next standard normals of this sample's generator, one per latent value (channels x height x width).
   */
  normal(): Float32Array;
  /**
   * Opens the sample's Brownian path over [sigmaMin, sigmaMax]. The returned function gives the increment
   * between two noise levels divided by the square root of their distance, so each value has unit variance
   * and the sign convention of k-diffusion's BrownianTreeNoiseSampler.
   */
  brownian(sigmaMin: number, sigmaMax: number): (sigma: number, sigmaNext: number) => Float32Array;
}

const createNormals: Record<RandomAlgorithm, (seed: number) => (values: Float32Array) => void> = {
  philox: createPhiloxNormals,
  'torch-cpu': createTorchCpuNormals,
};

/**
 * The noise of one sample. Every `normal()` is one `randn` call on the sample's generator; Brownian paths
 * draw from generators of their own, seeded from the sample's seed, and leave it untouched.
 *
 * @param options.seed integer from 0 to 2^53 - 1 (sample i of a request uses the request's seed + i)
 * @param options.length values per draw: channels x height x width of the latents
 * @throws RangeError naming a seed or length outside its range
 */
export function createNoiseSource(options: {
  rng: RandomAlgorithm;
  seed: number;
  length: number;
}): NoiseSource {
  const { rng, seed, length } = options;
  if (!Number.isSafeInteger(seed) || seed < 0)
    throw new RangeError(`seed must be an integer from 0 to ${Number.MAX_SAFE_INTEGER}, got ${seed}`);
  if (!Number.isSafeInteger(length) || length < 1)
    throw new RangeError(`length must be a positive integer, got ${length}`);
  const createGenerator = createNormals[rng];
  const fillNormals = createGenerator(seed);

  return {
    normal() {
      const values = new Float32Array(length);
      fillNormals(values);
      return values;
    },
    brownian(sigmaMin, sigmaMax) {
      if (!(sigmaMin > 0 && sigmaMax > sigmaMin))
        throw new RangeError(
          `a Brownian path needs 0 < sigmaMin < sigmaMax, got ${sigmaMin} and ${sigmaMax}`,
        );
      // The reference asks its tree at float32 sigmas; another rounding is another point of the path.
      const increment = createBrownianPath(
        seed,
        Math.fround(sigmaMin),
        Math.fround(sigmaMax),
        length,
        (nodeSeed, values) => createGenerator(nodeSeed)(values),
      );
      return (sigma, sigmaNext) => {
        const from = Math.fround(sigma);
        const to = Math.fround(sigmaNext);
        const values = increment(from, to);
        const scale = 1 / Math.sqrt(Math.abs(to - from));
        for (let i = 0; i < length; i++) values[i]! *= scale;
        return values;
      };
    },
  };
}
