import { combine } from '../../numerics/combine.ts';
import type { Solver } from '../scheduler.ts';
import { stepsOf } from '../steps.ts';

/** Euler's method on the probability flow ODE (Karras et al. 2022, Algorithm 2 without churn). Order 1. */
export const euler: Solver = async function* (denoise, latents, schedule) {
  let current = latents;
  for (const { level, next } of stepsOf(schedule)) {
    const clean = await denoise(current, level);
    const keep = next.sigma / level.sigma;
    current = combine([keep, current], [1 - keep, clean]);
    yield current;
  }
};
