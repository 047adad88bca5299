import { combine, type Term } from '../../numerics/combine.ts';
import type { Solver } from '../scheduler.ts';
import { stepsOf } from '../steps.ts';

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
      (past, j): Term => [integralOfBasis(sigmas, j, level.sigma, next.sigma), past.derivative],
    );
    current = combine([1, current], ...terms);
    yield current;
  }
};

/** Two Gauss-Legendre points integrate polynomials of degree 3 exactly. */
const gaussPoint = 1 / Math.sqrt(3);

/**
 * The integral from `start` to `end` of the Lagrange polynomial that is 1 at nodes[j] and 0 at the others.
 */
function integralOfBasis(nodes: readonly number[], j: number, start: number, end: number): number {
  const basis = (at: number) =>
    nodes.reduce((product, node, k) => (k === j ? product : (product * (at - node)) / (nodes[j]! - node)), 1);
  const half = (end - start) / 2;
  const middle = (start + end) / 2;
  return half * (basis(middle - half * gaussPoint) + basis(middle + half * gaussPoint));
}
