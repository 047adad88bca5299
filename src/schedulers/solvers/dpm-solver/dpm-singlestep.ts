import { combine } from '../../../numerics/combine.ts';
import type { Schedule, Solver } from '../../scheduler.ts';
import { stepsOf, wholeSteps } from '../steps.ts';

export interface DpmSinglestepOptions {
  /** Whether an even run ends with two first-order steps; a step to zero noise always is one. */
  readonly lowerOrderFinal?: boolean;
}

/**
 * DPM-Solver++(2S) (Lu et al. 2022, "DPM-Solver++", Algorithm 1) as diffusers' DPMSolverSinglestepScheduler
 * spends its evaluations: steps of the whole run alternate between first order and a second-order step that
 * starts again one level earlier. Entered where a second-order step is due, it begins with one of first
 * order.
 */
export function dpmSinglestep({ lowerOrderFinal = true }: DpmSinglestepOptions = {}): Solver {
  return async function* (denoise, latents, schedule) {
    let current = latents;
    let base:
      | { readonly latents: Float32Array; readonly clean: Float32Array; readonly sigma: number }
      | undefined;
    for (const { index, level, next } of stepsOf(schedule)) {
      const clean = await denoise(current, level);
      if (base === undefined || next.sigma === 0 || !isSecondOrder(index, schedule, lowerOrderFinal)) {
        base = { latents: current, clean, sigma: level.sigma };
        const keep = next.sigma / level.sigma;
        current = combine([keep, current], [1 - keep, clean]);
      } else {
        const keep = next.sigma / base.sigma;
        const share = Math.log(base.sigma / level.sigma) / Math.log(base.sigma / next.sigma);
        const slope = (1 - keep) / (2 * share);
        current = combine([keep, base.latents], [1 - keep - slope, base.clean], [slope, clean]);
      }
      yield current;
    }
  };
}

/** Every other step of the whole run, except the last of an even run that lowers its order. */
function isSecondOrder(index: number, schedule: Schedule, lowerOrderFinal: boolean): boolean {
  const isLastOfEven = wholeSteps(schedule) % 2 === 0 && index === wholeSteps(schedule) - 1;
  return index % 2 === 1 && !(lowerOrderFinal && isLastOfEven);
}
