import { combine, type Term } from '../../numerics/combine.ts';
import type { Solver } from '../scheduler.ts';
import { stepsOf, wholeSteps } from './steps.ts';

export interface UniPcOptions {
  readonly order: 1 | 2 | 3;
  /** B(h) of the paper: h or e^h - 1. */
  readonly variant: 'bh1' | 'bh2';
  /** Falls to order 1 towards the end of the whole run. */
  readonly lowerOrderFinal?: boolean;
}

/** A prediction of the clean latents at log signal-to-noise lambda = -ln sigma. */
interface Evaluation {
  readonly lambda: number;
  readonly clean: Float32Array;
}

/**
 * UniPC with data prediction (Zhao et al. 2023, Algorithms 5-8): each evaluation first corrects the step that
 * led to it, then predicts the next. Over latents / alpha the paper's alpha and sigma become 1 and sigma.
 * Semantics of diffusers' UniPCMultistepScheduler: the order counts the evaluations since entry and the steps
 * left of the whole run; the network sees the uncorrected latents.
 */
export function unipc({ order, variant, lowerOrderFinal = true }: UniPcOptions): Solver {
  return async function* (denoise, latents, schedule) {
    const history: Evaluation[] = [];
    let current = latents;
    let predicted:
      | { readonly from: Float32Array; readonly sigma: number; readonly order: number }
      | undefined;
    for (const { index, level, next } of stepsOf(schedule)) {
      const clean = await denoise(current, level);
      const evaluation = { lambda: -Math.log(level.sigma), clean };
      if (predicted !== undefined) {
        const corrector = [...history.slice(0, predicted.order), evaluation];
        current = leap(predicted.from, predicted.sigma, level.sigma, corrector, variant);
      }
      history.unshift(evaluation);
      if (history.length > order) history.pop();

      const stepsLeft = lowerOrderFinal ? wholeSteps(schedule) - index : order;
      const stepOrder = Math.min(order, stepsLeft, history.length);
      predicted = { from: current, sigma: level.sigma, order: stepOrder };
      current =
        next.sigma === 0
          ? clean.slice()
          : leap(current, level.sigma, next.sigma, history.slice(0, stepOrder), variant);
      yield current;
    }
  };
}

/**
 * From `sigma` to `sigmaNext` with the evaluations at base, base - 1, ..., as a predictor; as a corrector the
 * evaluation at the target comes last.
 */
function leap(
  latents: Float32Array,
  sigma: number,
  sigmaNext: number,
  evaluations: readonly Evaluation[],
  variant: 'bh1' | 'bh2',
): Float32Array {
  const ratio = sigmaNext / sigma;
  const step = Math.log(sigma / sigmaNext);
  const growth = ratio - 1;
  const scale = variant === 'bh1' ? -step : growth;
  const nodes = evaluations.slice(1).map(({ lambda }) => (lambda - evaluations[0]!.lambda) / step);
  const rhos = nodeWeights(nodes, step, scale);
  const weights = [-growth, ...rhos.map((weight, k) => (-scale * weight) / nodes[k]!)];
  for (let k = 1; k < weights.length; k++) weights[0]! -= weights[k]!;
  const terms = evaluations.map(({ clean }, k): Term => [weights[k]!, clean]);
  return combine([ratio, latents], ...terms);
}

/**
 * Weights of the difference quotients so that the step is exact for polynomials of their degree: the
 * Vandermonde system of the paper's eq. 9-11. One node uses the limit 1/2, as the paper and diffusers do.
 */
function nodeWeights(nodes: readonly number[], step: number, scale: number): number[] {
  if (nodes.length === 0) return [];
  if (nodes.length === 1) return [0.5];
  const moments: number[] = [];
  let factorial = 1;
  let phi = Math.expm1(-step) / -step - 1;
  for (let k = 1; k <= nodes.length; k++) {
    moments.push((phi * factorial) / scale);
    factorial *= k + 1;
    phi = phi / -step - 1 / factorial;
  }
  return solve(
    moments.map((_, k) => nodes.map((node) => node ** k)),
    moments,
  );
}

/** Gaussian elimination with row pivoting, for systems of at most three unknowns. */
function solve(matrix: readonly (readonly number[])[], right: readonly number[]): number[] {
  const rows = matrix.map((row, i) => [...row, right[i]!]);
  const size = rows.length;
  for (let column = 0; column < size; column++) {
    let pivot = column;
    for (let row = column + 1; row < size; row++) {
      if (Math.abs(rows[row]![column]!) > Math.abs(rows[pivot]![column]!)) pivot = row;
    }
    [rows[column], rows[pivot]] = [rows[pivot]!, rows[column]!];
    for (let row = 0; row < size; row++) {
      if (row === column) continue;
      const factor = rows[row]![column]! / rows[column]![column]!;
      for (let k = column; k <= size; k++) rows[row]![k]! -= factor * rows[column]![k]!;
    }
  }
  return rows.map((row, i) => row[size]! / row[i]!);
}
