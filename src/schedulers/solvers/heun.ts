import { combine } from '../../numerics/combine.ts';
import type { Solver } from '../scheduler.ts';
import { type ChurnOptions, churned } from './churn.ts';
import { stepsOf } from './steps.ts';

/**
 * Heun's method (Karras et al. 2022, Algorithm 1): the mean of the derivatives at both ends of a step, the
 * second one after an Euler step. The step to zero noise is Euler's alone. Order 2.
 */
export function heun(options: ChurnOptions = {}): Solver {
  return async function* (denoise, latents, schedule, noise) {
    let current = latents;
    for (const { level: reached, next } of stepsOf(schedule)) {
      const { level, latents: lifted } = churned(reached, current, schedule, noise, options);
      current = lifted;
      const clean = await denoise(current, level);
      const keep = next.sigma / level.sigma;
      const ahead = combine([keep, current], [1 - keep, clean]);
      if (next.sigma === 0) {
        current = ahead;
      } else {
        const cleanAhead = await denoise(ahead, next);
        const here = (next.sigma - level.sigma) / (2 * level.sigma);
        const there = (next.sigma - level.sigma) / (2 * next.sigma);
        current = combine([1 + here, current], [-here, clean], [there, ahead], [-there, cleanAhead]);
      }
      yield current;
    }
  };
}
