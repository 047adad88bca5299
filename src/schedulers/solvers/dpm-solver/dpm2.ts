import { combine } from '../../../numerics/combine.ts';
import type { Solver } from '../../scheduler.ts';
import { type ChurnOptions, churned } from '../churn.ts';
import { stepsOf } from '../steps.ts';

/**
 * DPM-Solver-2 as k-diffusion's sample_dpm_2: the derivative at the geometric mean of both levels, reached by
 * an Euler step, carries the whole step. The step to zero noise is Euler's. Order 2.
 */
export function dpm2(options: ChurnOptions = {}): Solver {
  return async function* (denoise, latents, schedule, noise) {
    let current = latents;
    for (const { level: reached, next } of stepsOf(schedule)) {
      const { level, latents: lifted } = churned(reached, current, schedule, noise, options);
      current = lifted;
      const clean = await denoise(current, level);
      if (next.sigma === 0) {
        current = clean.slice();
      } else {
        const middle = schedule.levelAt(Math.sqrt(level.sigma * next.sigma));
        const keep = middle.sigma / level.sigma;
        const halfway = combine([keep, current], [1 - keep, clean]);
        const cleanHalfway = await denoise(halfway, middle);
        const slope = (next.sigma - level.sigma) / middle.sigma;
        current = combine([1, current], [slope, halfway], [-slope, cleanHalfway]);
      }
      yield current;
    }
  };
}
