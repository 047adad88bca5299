import { combine } from '../../numerics/combine.ts';
import type { Solver } from '../scheduler.ts';
import { ancestralStep } from './ancestral-step.ts';
import { stepsOf } from './steps.ts';

/**
 * DDIM (Song et al. 2021, eq. 12 and 16; without added noise at eta 0): the predicted noise is put back at
 * the next level. Over latents / sqrt(alpha bar) the equation's square roots are 1 and sigma, which makes it
 * Euler's method; the two differ in their schedules. Order 1.
 */
export function ddim({ eta = 0 }: { readonly eta?: number } = {}): Solver {
  return async function* (denoise, latents, schedule, noise) {
    let current = latents;
    for (const { level, next } of stepsOf(schedule)) {
      const clean = await denoise(current, level);
      const { down, up } =
        eta === 0 ? { down: next.sigma, up: 0 } : ancestralStep(level.sigma, next.sigma, eta);
      const noiseShare = down / level.sigma;
      current = combine([1 - noiseShare, clean], [noiseShare, current]);
      if (up > 0) current = combine([1, current], [up, noise.normal()]);
      yield current;
    }
  };
}
