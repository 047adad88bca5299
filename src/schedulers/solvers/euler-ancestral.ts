import { combine } from '../../numerics/combine.ts';
import type { Solver } from '../scheduler.ts';
import { ancestralStep } from './ancestral-step.ts';
import { stepsOf } from './steps.ts';

/**
 * Euler's method to below the next level, and noise up to it: k-diffusion's sample_euler_ancestral with eta
 * 1.
 */
export function eulerAncestral({ eta = 1 }: { readonly eta?: number } = {}): Solver {
  return async function* (denoise, latents, schedule, noise) {
    let current = latents;
    for (const { level, next } of stepsOf(schedule)) {
      const clean = await denoise(current, level);
      const { down, up } = ancestralStep(level.sigma, next.sigma, eta);
      const keep = down / level.sigma;
      current =
        next.sigma === 0 ? clean.slice() : combine([keep, current], [1 - keep, clean], [up, noise.normal()]);
      yield current;
    }
  };
}
