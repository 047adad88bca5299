import { combine } from '../../../numerics/combine.ts';
import type { Denoise, Schedule } from '../../scheduler.ts';
import { ancestralStep } from '../ancestral-step.ts';

/** The noise the model sees in `x` at log time t = -log(sigma). */
export type PredictNoise = (x: Float32Array, t: number) => Promise<Float32Array>;

/** Noise prediction (x - clean) / sigma from a denoiser. */
export function noisePrediction(denoise: Denoise, levelAt: Schedule['levelAt']): PredictNoise {
  return async (x, t) => {
    const sigma = Math.exp(-t);
    const clean = await denoise(x, levelAt(sigma));
    return combine([1 / sigma, x], [-1 / sigma, clean]);
  };
}

/**
 * The part of the run that DPM fast and DPM adaptive can solve: they live in log sigma and never reach zero.
 */
export function positivePart({ levels, begin, end }: Schedule): { tBegin: number; tEnd: number } {
  const last = levels[end]!.sigma > 0 ? end : end - 1;
  return { tBegin: -Math.log(levels[begin]!.sigma), tEnd: -Math.log(levels[last]!.sigma) };
}

/** The ancestral split of a step in log time, kept from going past `tEnd`. */
export function ancestralTimes(
  t: number,
  tNext: number,
  tEnd: number,
  eta: number,
): { tDown: number; up: number } {
  const sigmaNext = Math.exp(-tNext);
  const tDown = Math.min(tEnd, -Math.log(ancestralStep(Math.exp(-t), sigmaNext, eta).down));
  return { tDown, up: Math.sqrt(sigmaNext ** 2 - Math.exp(-tDown) ** 2) };
}

/**
 * DPM-Solver-1 (Lu et al. 2022, "DPM-Solver", eq. 3.7) from `t` to `tNext`; `noise` is the prediction at `t`.
 */
export function firstOrderStep(x: Float32Array, noise: Float32Array, t: number, tNext: number): Float32Array {
  return combine([1, x], [-Math.exp(-tNext) * Math.expm1(tNext - t), noise]);
}

/** DPM-Solver-2 (algorithm 4) with its intermediate point at share `r` of the step. */
export async function secondOrderStep(
  predict: PredictNoise,
  x: Float32Array,
  noise: Float32Array,
  t: number,
  tNext: number,
  r = 1 / 2,
): Promise<Float32Array> {
  const s = t + r * (tNext - t);
  const noiseS = await predict(firstOrderStep(x, noise, t, s), s);
  return secondOrderSum(x, noise, noiseS, t, tNext, r);
}

/**
 * DPM-Solver-3 (algorithm 5) with intermediate points at 1/3 and 2/3, and the second-order result that costs
 * no further model call, for error control.
 */
export async function thirdOrderStep(
  predict: PredictNoise,
  x: Float32Array,
  noise: Float32Array,
  t: number,
  tNext: number,
): Promise<{ low: Float32Array; high: Float32Array }> {
  const [r1, r2] = [1 / 3, 2 / 3];
  const h = tNext - t;
  const s1 = t + r1 * h;
  const s2 = t + r2 * h;
  const noise1 = await predict(firstOrderStep(x, noise, t, s1), s1);
  const noise2 = await predict(corrected(x, noise, noise1, r2 * h, Math.exp(-s2), r2 / r1), s2);
  return {
    low: secondOrderSum(x, noise, noise1, t, tNext, r1),
    high: corrected(x, noise, noise2, h, Math.exp(-tNext), 1 / r2),
  };
}

function secondOrderSum(
  x: Float32Array,
  noise: Float32Array,
  noiseS: Float32Array,
  t: number,
  tNext: number,
  r: number,
): Float32Array {
  const whole = Math.exp(-tNext) * Math.expm1(tNext - t);
  const slope = whole / (2 * r);
  return combine([1, x], [slope - whole, noise], [-slope, noiseS]);
}

/** x - sigma (e^h - 1) noise - sigma weight ((e^h - 1) / h - 1) (later - noise). */
function corrected(
  x: Float32Array,
  noise: Float32Array,
  later: Float32Array,
  h: number,
  sigma: number,
  weight: number,
): Float32Array {
  const whole = sigma * Math.expm1(h);
  const slope = sigma * weight * (Math.expm1(h) / h - 1);
  return combine([1, x], [slope - whole, noise], [-slope, later]);
}
