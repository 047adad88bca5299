import { combine } from '../../numerics/combine.ts';
import type { Solver } from '../scheduler.ts';
import { type ChurnOptions, churned } from './churn.ts';
import { stepsOf } from './steps.ts';

/** Euler's method on the probability flow ODE (Karras et al. 2022, Algorithm 2 without churn). Order 1. */
export function euler(options: ChurnOptions = {}): Solver {
  return async function* (denoise, latents, schedule, noise) {
    let current = latents;
    for (const { level: reached, next } of stepsOf(schedule)) {
      const { level, latents: lifted } = churned(reached, current, schedule, noise, options);
      current = lifted;
      const clean = await denoise(current, level);
      const keep = next.sigma / level.sigma;
      current = combine([keep, current], [1 - keep, clean]);
      yield current;
    }
  };
}
