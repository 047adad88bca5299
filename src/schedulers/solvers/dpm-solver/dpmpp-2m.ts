import { combine } from '../../../numerics/combine.ts';
import type { Solver } from '../../scheduler.ts';
import { stepsOf } from '../steps.ts';

/**
 * DPM-Solver++(2M) (Lu et al. 2022, "DPM-Solver++", algorithm 2), as k-diffusion's sample_dpmpp_2m: first
 * order at entry and on the step to zero.
 */
export const dpmpp2m: Solver = async function* (denoise, latents, schedule) {
  let x = latents;
  let previous: { clean: Float32Array; logStep: number } | undefined;
  for (const { level, next } of stepsOf(schedule)) {
    const { sigma } = level;
    const sigmaNext = next.sigma;
    const clean = await denoise(x, level);
    if (sigmaNext === 0) {
      x = clean;
    } else {
      const logStep = Math.log(sigma / sigmaNext);
      const ratio = sigmaNext / sigma;
      // Half the inverse of r = previous step over this one, in log sigma.
      const slope = previous ? logStep / (2 * previous.logStep) : 0;
      x = combine(
        [ratio, x],
        [(1 - ratio) * (1 + slope), clean],
        [(ratio - 1) * slope, previous?.clean ?? clean],
      );
      previous = { clean, logStep };
    }
    yield x;
  }
};
