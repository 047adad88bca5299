import { combine, type Term } from '../../numerics/combine.ts';
import type { Schedule, Solver } from '../scheduler.ts';
import { exponentialWeights } from './exponential-weights.ts';
import { stepsOf, wholeSteps } from './steps.ts';

const predictorOrder = 3;
/** Counts the evaluation at the target. */
const correctorOrder = 4;

interface Evaluation {
  readonly lambda: number;
  readonly clean: Float32Array;
}

/** A step that the corrector may take again: from where, with which noise. */
interface Predicted {
  readonly from: Float32Array;
  readonly sigma: number;
  readonly tau: number;
  readonly noise: Float32Array | undefined;
}

/**
 * SA-Solver (Xue et al. 2023, "SA-Solver: Stochastic Adams Solver for Fast Sampling of Diffusion Models",
 * Algorithm 1, data prediction): stochastic Adams-Bashforth, corrected by Adams-Moulton with the same noise
 * once the network has seen the result, of the orders and ends of ComfyUI's sa_solver: lower towards the end
 * of the whole run, no correction before the step to zero noise. Noise is added (tau = eta) between a fifth
 * and four fifths of the training timesteps only. diffusers' SASolverScheduler changes the weights of order
 * 2. History counts from entry.
 */
export function saSolver({ eta = 1 }: { readonly eta?: number } = {}): Solver {
  return async function* (denoise, latents, schedule, noise) {
    const tauAt = tauOf(schedule, eta);
    const toZero = schedule.levels.at(-1)!.sigma === 0;
    const history: Evaluation[] = [];
    let current = latents;
    let predicted: Predicted | undefined;
    for (const { index, level, next } of stepsOf(schedule)) {
      const clean = await denoise(current, level);
      history.unshift({ lambda: -Math.log(level.sigma), clean });
      history.length = Math.min(history.length, correctorOrder);
      const left = toZero ? wholeSteps(schedule) - index : correctorOrder;
      if (next.sigma === 0) {
        current = clean.slice();
        yield current;
        continue;
      }
      if (predicted !== undefined)
        current = leap(predicted, level.sigma, history.slice(0, Math.max(1, Math.min(left, correctorOrder))));
      const tau = tauAt(next.sigma);
      predicted = { from: current, sigma: level.sigma, tau, noise: tau > 0 ? noise.normal() : undefined };
      current = leap(
        predicted,
        next.sigma,
        history.slice(0, Math.max(1, Math.min(left - 1, predictorOrder))),
      );
      yield current;
    }
  };
}

/** The step to `sigmaNext` with the polynomial through these evaluations. */
function leap(
  { from, sigma, tau, noise }: Predicted,
  sigmaNext: number,
  evaluations: readonly Evaluation[],
): Float32Array {
  const [lambda, lambdaNext] = [-Math.log(sigma), -Math.log(sigmaNext)];
  const step = lambdaNext - lambda;
  const weights = exponentialWeights(
    evaluations.map((evaluation) => evaluation.lambda),
    lambda,
    lambdaNext,
    1 + tau ** 2,
  );
  const terms = evaluations.map(({ clean }, k): Term => [weights[k]!, clean]);
  if (noise !== undefined) terms.push([sigmaNext * Math.sqrt(-Math.expm1(-2 * tau ** 2 * step)), noise]);
  return combine([(sigmaNext / sigma) * Math.exp(-(tau ** 2) * step), from], ...terms);
}

/** Stochasticity of a step to a level: eta between a fifth and four fifths of the training timesteps. */
function tauOf(schedule: Schedule, eta: number): (sigma: number) => number {
  const top = schedule.levelAt(Number.MAX_VALUE);
  const [low, high] = [1 / 5, 4 / 5].map(
    (share) => schedule.earlier({ ...top, sigma: Number.MAX_VALUE }, share).sigma,
  );
  return (sigma) => (sigma >= low! && sigma <= high! ? eta : 0);
}
