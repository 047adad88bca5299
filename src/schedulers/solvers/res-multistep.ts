import { combine, type Term } from '../../numerics/combine.ts';
import type { Solver } from '../scheduler.ts';
import { exponentialWeights } from './exponential-weights.ts';
import { stepsOf } from './steps.ts';

/**
 * Refined exponential solver, multistep of order 2 (Zhang et al. 2023, "Improved Order Analysis and Design of
 * Exponential Integrator for Diffusion Models Sampling", section 4.2), as ComfyUI's res_multistep: the line
 * through the last two clean predictions over log sigma is integrated exactly. History counts from entry.
 */
export const resMultistep: Solver = async function* (denoise, latents, schedule) {
  const history: { readonly lambda: number; readonly clean: Float32Array }[] = [];
  let current = latents;
  for (const { level, next } of stepsOf(schedule)) {
    const clean = await denoise(current, level);
    history.unshift({ lambda: -Math.log(level.sigma), clean });
    if (history.length > 2) history.pop();
    if (next.sigma === 0) {
      current = clean.slice();
    } else {
      const nodes = history.map(({ lambda }) => lambda);
      const weights = exponentialWeights(nodes, nodes[0]!, -Math.log(next.sigma), 1);
      const terms = history.map((past, j): Term => [weights[j]!, past.clean]);
      current = combine([next.sigma / level.sigma, current], ...terms);
    }
    yield current;
  }
};
