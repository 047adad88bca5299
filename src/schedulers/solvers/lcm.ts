import { combine } from '../../numerics/combine.ts';
import type { Solver } from '../scheduler.ts';
import { stepsOf } from './steps.ts';

/**
 * Multistep consistency sampling (Song et al. 2023, "Consistency Models", Algorithm 1; Luo et al. 2023,
 * "Latent Consistency Models", Algorithm 3): the clean latents, and fresh noise up to the next level. The
 * boundary condition's share of the latents, below 1e-5 at the distilled timesteps, is left out as in
 * ComfyUI, so that every schedule ends without noise.
 */
export const lcm: Solver = async function* (denoise, latents, schedule, noise) {
  let current = latents;
  for (const { level, next } of stepsOf(schedule)) {
    const clean = await denoise(current, level);
    current = next.sigma === 0 ? clean.slice() : combine([1, clean], [next.sigma, noise.normal()]);
    yield current;
  }
};
