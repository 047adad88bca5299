import { combine } from '../../numerics/combine.ts';
import type { Solver } from '../scheduler.ts';
import { stepsOf } from './steps.ts';

/** The paper's gamma: how far the new derivative is carried beyond the last one. */
const gamma = 2;

/**
 * Gradient estimation (Permenter & Yuan 2024, "Interpreting and Improving Diffusion Models from an
 * Optimization Perspective", eq. 14), as ComfyUI's gradient_estimation: Euler along gamma times the new
 * derivative less gamma - 1 times the last; the step to zero noise takes the clean latents. Order 1. History
 * counts from entry.
 */
export const gradientEstimation: Solver = async function* (denoise, latents, schedule) {
  let current = latents;
  let last: Float32Array | undefined;
  for (const { level, next } of stepsOf(schedule)) {
    const clean = await denoise(current, level);
    const derivative = combine([1 / level.sigma, current], [-1 / level.sigma, clean]);
    const change = next.sigma - level.sigma;
    if (next.sigma === 0) current = clean.slice();
    else if (last === undefined) current = combine([1, current], [change, derivative]);
    else current = combine([1, current], [gamma * change, derivative], [(1 - gamma) * change, last]);
    last = derivative;
    yield current;
  }
};
