import { combine } from '../../../numerics/combine.ts';
import type { Solver } from '../../scheduler.ts';
import {
  ancestralTimes,
  firstOrderStep,
  noisePrediction,
  positivePart,
  secondOrderStep,
  thirdOrderStep,
} from './dpm-solver-steps.ts';

/**
 * DPM-Solver-fast (Lu et al. 2022, "DPM-Solver", section 3.4) with ancestral noise (eta 1), as k-diffusion's
 * sample_dpm_fast: third-order steps, evenly spaced in log sigma, spending one model call per step of the
 * schedule; of the schedule itself only the ends matter. Ends at the last positive level, the noise of which
 * stays in the latents.
 */
export function dpmFast({ eta = 1 }: { readonly eta?: number } = {}): Solver {
  return async function* (denoise, latents, schedule, noise) {
    const { tBegin, tEnd } = positivePart(schedule);
    const calls = schedule.end - schedule.begin;
    const predict = noisePrediction(denoise, schedule.levelAt);
    let x = latents;
    if (tBegin === tEnd) {
      yield x;
      return;
    }
    const orders = stepOrders(calls);
    for (const [i, order] of orders.entries()) {
      const t = tBegin + ((tEnd - tBegin) * i) / orders.length;
      const tNext = i + 1 === orders.length ? tEnd : tBegin + ((tEnd - tBegin) * (i + 1)) / orders.length;
      const { tDown, up } = ancestralTimes(t, tNext, tEnd, eta);
      const seen = await predict(x, t);
      if (order === 1) x = firstOrderStep(x, seen, t, tDown);
      else if (order === 2) x = await secondOrderStep(predict, x, seen, t, tDown);
      else x = (await thirdOrderStep(predict, x, seen, t, tDown)).high;
      x = combine([1, x], [up, noise.normal()]);
      yield x;
    }
  };
}

/** Orders of the steps, as many model calls in all as `calls`. */
function stepOrders(calls: number): number[] {
  const third = Math.floor(calls / 3);
  const rest = calls % 3;
  return rest === 0 ? [...Array<number>(third - 1).fill(3), 2, 1] : [...Array<number>(third).fill(3), rest];
}
