import type { Denoise } from '../../../src/schedulers/scheduler.ts';
import type { CleanAt } from '../exact/flow.ts';

/** A mixture of round normals in the plane. */
export interface Mixture {
  readonly components: readonly {
    readonly weight: number;
    readonly mean: readonly [number, number];
    readonly deviation: number;
  }[];
}

/**
 * The data of the exact testbed: seven clusters of unequal weight and width with about the spread of SDXL's
 * scaled latents, so that a sampler meets far modes, near modes and a narrow one.
 */
export const plane: Mixture = {
  components: [
    { weight: 0.22, mean: [-1.1, -0.6], deviation: 0.22 },
    { weight: 0.18, mean: [1.2, -0.5], deviation: 0.3 },
    { weight: 0.16, mean: [0.1, 1.3], deviation: 0.18 },
    { weight: 0.14, mean: [-0.6, 0.5], deviation: 0.15 },
    { weight: 0.12, mean: [0.4, -1.3], deviation: 0.25 },
    { weight: 0.1, mean: [1.1, 0.8], deviation: 0.12 },
    { weight: 0.08, mean: [0.2, 0.0], deviation: 0.35 },
  ],
};

/**
 * The mixture's exact denoiser: the mean of the clean point behind each noisy one (Robbins 1956; Karras et
 * al. 2022, eq. 58). Points are pairs of neighbouring values.
 */
function denoisePoints(
  mixture: Mixture,
  x: ArrayLike<number>,
  sigma: number,
  clean: Float64Array | Float32Array,
) {
  const { components } = mixture;
  const noise = sigma * sigma;
  const logWeights = components.map(({ weight, deviation }) => Math.log(weight / (deviation ** 2 + noise)));
  const shares = new Float64Array(components.length);
  for (let i = 0; i < x.length; i += 2) {
    const [a, b] = [x[i]!, x[i + 1]!];
    let most = Number.NEGATIVE_INFINITY;
    for (const [k, { mean, deviation }] of components.entries()) {
      const distance = (a - mean[0]) ** 2 + (b - mean[1]) ** 2;
      const share = logWeights[k]! - distance / (2 * (deviation * deviation + noise));
      shares[k] = share;
      if (!(share <= most)) most = share;
    }
    let total = 0;
    let [first, second] = [0, 0];
    for (const [k, { mean, deviation }] of components.entries()) {
      const share = Math.exp(shares[k]! - most);
      const variance = deviation * deviation;
      const keep = variance / (variance + noise);
      total += share;
      first += share * (mean[0] + keep * (a - mean[0]));
      second += share * (mean[1] + keep * (b - mean[1]));
    }
    clean[i] = first / total;
    clean[i + 1] = second / total;
  }
}

/** For a solver: float32 in and out, as a network. */
export function mixtureDenoise(mixture: Mixture): Denoise {
  return async (latents, { sigma }) => {
    const clean = new Float32Array(latents.length);
    denoisePoints(mixture, latents, sigma, clean);
    return clean;
  };
}

/** For the exact flow: float64. */
export function mixtureClean(mixture: Mixture): CleanAt {
  return async (x, sigma) => {
    const clean = new Float64Array(x.length);
    denoisePoints(mixture, x, sigma, clean);
    return clean;
  };
}

/**
 * `count` exact samples, x and y in turn.
 * @param uniform numbers between 0 and 1 that choose the components, one per sample.
 * @param normals two per sample.
 */
export function mixtureSamples(
  mixture: Mixture,
  uniform: (index: number) => number,
  normals: Float32Array,
): Float32Array {
  const samples = new Float32Array(normals.length);
  for (let i = 0; i < samples.length; i += 2) {
    let left = uniform(i / 2);
    const chosen =
      mixture.components.find(({ weight }) => {
        left -= weight;
        return left < 0;
      }) ?? mixture.components.at(-1)!;
    samples[i] = chosen.mean[0] + chosen.deviation * normals[i]!;
    samples[i + 1] = chosen.mean[1] + chosen.deviation * normals[i + 1]!;
  }
  return samples;
}
