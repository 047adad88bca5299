import { combine } from '../../numerics/combine.ts';
import type { Solver } from '../scheduler.ts';
import { stepsOf } from '../steps.ts';

/**
 * Ancestral sampling of the training process (Ho et al. 2020, eq. 6-7) with the posterior's own variance
 * (`fixed_small`). Over latents / sqrt(alpha bar) the posterior of the next level has the mean
 * clean + (sigma'/sigma)^2 (latents - clean) and the variance sigma'^2 (1 - (sigma'/sigma)^2).
 */
export const ddpm: Solver = async function* (denoise, latents, schedule, noise) {
  let current = latents;
  for (const { level, next } of stepsOf(schedule)) {
    const clean = await denoise(current, level);
    const keep = (next.sigma / level.sigma) ** 2;
    current =
      next.sigma === 0
        ? clean.slice()
        : combine([1 - keep, clean], [keep, current], [next.sigma * Math.sqrt(1 - keep), noise.normal()]);
    yield current;
  }
};
