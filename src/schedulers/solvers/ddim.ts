import { combine } from '../../numerics/combine.ts';
import type { Solver } from '../scheduler.ts';
import { stepsOf } from '../steps.ts';

/**
 * DDIM without added noise (Song et al. 2021, eq. 12 with eta 0): the predicted noise is put back at the next
 * level. Over latents / sqrt(alpha bar) the equation's square roots are 1 and sigma, which makes it Euler's
 * method; the two differ in their schedules. Order 1.
 */
export const ddim: Solver = async function* (denoise, latents, schedule) {
  let current = latents;
  for (const { level, next } of stepsOf(schedule)) {
    const clean = await denoise(current, level);
    const noiseShare = next.sigma / level.sigma;
    current = combine([1 - noiseShare, clean], [noiseShare, current]);
    yield current;
  }
};
