import { combine, type Term } from '../../numerics/combine.ts';
import type { Solver } from '../scheduler.ts';
import { adamsBashforth } from './adams-bashforth.ts';
import { stepsOf } from './steps.ts';

/** Derivatives that enter a step, the newest included. */
const maxOrder = 4;

/**
 * Linear multistep (Adams-Bashforth for uneven steps) in sigma, as k-diffusion's sample_lms: the polynomial
 * through the last four derivatives is integrated over the step. History counts from entry.
 */
export const lms: Solver = async function* (denoise, latents, schedule) {
  const history: { readonly sigma: number; readonly derivative: Float32Array }[] = [];
  let current = latents;
  for (const { level, next } of stepsOf(schedule)) {
    const clean = await denoise(current, level);
    const derivative = combine([1 / level.sigma, current], [-1 / level.sigma, clean]);
    history.unshift({ sigma: level.sigma, derivative });
    if (history.length > maxOrder) history.pop();
    const sigmas = history.map(({ sigma }) => sigma);
    const terms = history.map(
      (past, j): Term => [adamsBashforth(sigmas, j, level.sigma, next.sigma), past.derivative],
    );
    current = combine([1, current], ...terms);
    yield current;
  }
};
