import { combine } from '../../../numerics/combine.ts';
import type { Solver } from '../../scheduler.ts';
import { ancestralTimes, noisePrediction, positivePart, thirdOrderStep } from './dpm-solver-steps.ts';

const relativeTolerance = 0.05;
const absoluteTolerance = 0.0078;
const initialStep = 0.05;
/** A step whose proposed growth is below this is taken again. */
const acceptSafety = 0.81;
/** Distance to the end, in log sigma, that counts as arrived. */
const arrived = 1e-5;
/** Order of the error estimate, of an ancestral run and of one without noise. */
const ancestralErrorOrder = 1.5;
const errorOrder = 3;

/**
 * DPM-Solver-23 with adaptive steps in log sigma (Lu et al. 2022, "DPM-Solver", appendix C.4) and ancestral
 * noise (eta 1), as k-diffusion's sample_dpm_adaptive with an integral controller. The number of steps of the
 * schedule is ignored; yields after each accepted step. Ends at the last positive level, the noise of which
 * stays in the latents.
 */
export function dpmAdaptive({ eta = 1 }: { readonly eta?: number } = {}): Solver {
  return async function* (denoise, latents, schedule, noise) {
    const { tBegin, tEnd } = positivePart(schedule);
    const predict = noisePrediction(denoise, schedule.levelAt);
    let x = latents;
    let lastLow = latents;
    let step = initialStep;
    let t = tBegin;
    if (t >= tEnd - arrived) yield x;
    while (t < tEnd - arrived) {
      const tNext = Math.min(tEnd, t + step);
      const { tDown, up } = ancestralTimes(t, tNext, tEnd, eta);
      const { low, high } = await thirdOrderStep(predict, x, await predict(x, t), t, tDown);
      const growth = growthFor(errorNorm(low, high, lastLow), eta > 0 ? ancestralErrorOrder : errorOrder);
      step *= growth;
      if (growth < acceptSafety) continue;
      lastLow = low;
      x = combine([1, high], [up, noise.normal()]);
      t = tNext;
      yield x;
    }
  };
}

/** Step size factor for an error in units of the tolerance, limited to (1 - pi/4, 1 + pi/2). */
function growthFor(error: number, order: number): number {
  return 1 + Math.atan((1 / (error + 1e-8)) ** (1 / order) - 1);
}

/** Root mean square of low - high in units of the tolerance at each value. */
function errorNorm(low: Float32Array, high: Float32Array, lastLow: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < low.length; i++) {
    const size = Math.max(Math.abs(low[i]!), Math.abs(lastLow[i]!));
    sum += ((low[i]! - high[i]!) / Math.max(absoluteTolerance, relativeTolerance * size)) ** 2;
  }
  return Math.sqrt(sum / low.length);
}
