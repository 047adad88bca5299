import { combine } from '../../../numerics/combine.ts';
import type { Solver } from '../../scheduler.ts';
import { ancestralStep } from '../ancestral-step.ts';
import { stepsOf } from '../steps.ts';

/**
 * DPM-Solver++(2S) (Lu et al. 2022, "DPM-Solver++", algorithm 1 with r = 1/2) on the ancestral part of each
 * step, as k-diffusion's sample_dpmpp_2s_ancestral.
 */
export function dpmpp2sAncestral({ eta = 1 }: { readonly eta?: number } = {}): Solver {
  return async function* (denoise, latents, schedule, noise) {
    let x = latents;
    for (const { level, next } of stepsOf(schedule)) {
      const { sigma } = level;
      const sigmaNext = next.sigma;
      const clean = await denoise(x, level);
      if (sigmaNext === 0) {
        x = clean;
      } else {
        const { down, up } = ancestralStep(sigma, sigmaNext, eta);
        const halfway = Math.sqrt(down / sigma);
        const middle = combine([halfway, x], [1 - halfway, clean]);
        const cleanMiddle = await denoise(middle, schedule.levelAt(sigma * halfway));
        x = combine([down / sigma, x], [1 - down / sigma, cleanMiddle], [up, noise.normal()]);
      }
      yield x;
    }
  };
}
