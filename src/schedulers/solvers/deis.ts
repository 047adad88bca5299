import { combine, type Term } from '../../numerics/combine.ts';
import type { Solver } from '../scheduler.ts';
import { exponentialWeights } from './exponential-weights.ts';
import { stepsOf } from './steps.ts';

/** Noise predictions that enter a step, the newest included. */
const maxOrder = 3;

/**
 * DEIS (Zhang & Chen 2023, "Fast Sampling of Diffusion Models with Exponential Integrator", log-rho
 * Adams-Bashforth): a quadratic through the last noise predictions over log sigma is integrated exactly, as
 * diffusers' DEISMultistepScheduler of order 3. The step to zero noise is of order 1. History counts from
 * entry.
 */
export const deis: Solver = async function* (denoise, latents, schedule) {
  const history: { readonly logSigma: number; readonly noise: Float32Array }[] = [];
  let current = latents;
  for (const { level, next } of stepsOf(schedule)) {
    const clean = await denoise(current, level);
    const noise = combine([1 / level.sigma, current], [-1 / level.sigma, clean]);
    history.unshift({ logSigma: Math.log(level.sigma), noise });
    if (history.length > maxOrder) history.pop();
    if (next.sigma === 0) {
      current = clean.slice();
    } else {
      const nodes = history.map(({ logSigma }) => logSigma);
      const weights = exponentialWeights(nodes, nodes[0]!, Math.log(next.sigma), 1);
      const terms = history.map((past, j): Term => [next.sigma * weights[j]!, past.noise]);
      current = combine([1, current], ...terms);
    }
    yield current;
  }
};
