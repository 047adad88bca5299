import { combine } from '../../../numerics/combine.ts';
import type { Solver } from '../../scheduler.ts';
import { stepsOf, wholeSteps } from '../steps.ts';

/** Whole runs shorter than this end with a first-order step (diffusers' lower_order_final). */
const shortRun = 15;

export interface DpmMultistepOptions {
  /** Whether short runs end with a first-order step; a step to zero noise always is one. */
  readonly lowerOrderFinal?: boolean;
}

/**
 * DPM-Solver++(2M) (Lu et al. 2022, "DPM-Solver++", Algorithm 2) as diffusers' DPMSolverMultistepScheduler:
 * data prediction, midpoint variant. Over latents / alpha the paper's alpha and sigma become 1 and sigma.
 * History counts from entry. Order 2.
 */
export function dpmMultistep({ lowerOrderFinal = true }: DpmMultistepOptions = {}): Solver {
  return async function* (denoise, latents, schedule) {
    let current = latents;
    let previous: { readonly clean: Float32Array; readonly step: number } | undefined;
    for (const { index, level, next } of stepsOf(schedule)) {
      const clean = await denoise(current, level);
      const isFirstOrderEnd =
        next.sigma === 0 ||
        (lowerOrderFinal && wholeSteps(schedule) < shortRun && index === wholeSteps(schedule) - 1);
      const keep = next.sigma / level.sigma;
      const step = Math.log(level.sigma / next.sigma);
      if (previous === undefined || isFirstOrderEnd) {
        current = combine([keep, current], [1 - keep, clean]);
      } else {
        const slope = ((1 - keep) * step) / (2 * previous.step);
        current = combine([keep, current], [1 - keep + slope, clean], [-slope, previous.clean]);
      }
      previous = { clean, step };
      yield current;
    }
  };
}
