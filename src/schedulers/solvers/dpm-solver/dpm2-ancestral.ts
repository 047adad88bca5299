import { combine } from '../../../numerics/combine.ts';
import type { Solver } from '../../scheduler.ts';
import { ancestralStep } from '../ancestral-step.ts';
import { stepsOf } from '../steps.ts';

/**
 * DPM-Solver-2 to below the next level, and noise up to it: k-diffusion's sample_dpm_2_ancestral with eta 1.
 */
export function dpm2Ancestral({ eta = 1 }: { readonly eta?: number } = {}): Solver {
  return async function* (denoise, latents, schedule, noise) {
    let current = latents;
    for (const { level, next } of stepsOf(schedule)) {
      const clean = await denoise(current, level);
      if (next.sigma === 0) {
        current = clean.slice();
      } else {
        const { down, up } = ancestralStep(level.sigma, next.sigma, eta);
        const middle = schedule.levelAt(Math.sqrt(level.sigma * down));
        const keep = middle.sigma / level.sigma;
        const halfway = combine([keep, current], [1 - keep, clean]);
        const cleanHalfway = await denoise(halfway, middle);
        const slope = (down - level.sigma) / middle.sigma;
        current = combine([1, current], [slope, halfway], [-slope, cleanHalfway], [up, noise.normal()]);
      }
      yield current;
    }
  };
}
