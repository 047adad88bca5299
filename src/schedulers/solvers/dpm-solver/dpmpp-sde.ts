import { combine } from '../../../numerics/combine.ts';
import type { Solver } from '../../scheduler.ts';
import { ancestralStep } from '../ancestral-step.ts';
import { brownianNoise } from '../brownian-noise.ts';
import { stepsOf } from '../steps.ts';

/**
 * DPM-Solver++ (stochastic), k-diffusion's sample_dpmpp_sde with r = 1/2 and eta 1: an ancestral step to the
 * geometric middle, then the whole step with the clean latents seen there, both on one Brownian path.
 */
export function dpmppSde({ eta = 1 }: { readonly eta?: number } = {}): Solver {
  return async function* (denoise, latents, schedule, noise) {
    const brownian = brownianNoise(schedule, noise);
    let x = latents;
    for (const { level, next } of stepsOf(schedule)) {
      const clean = await denoise(x, level);
      if (next.sigma === 0) {
        x = clean;
      } else {
        const t = logTime(level.sigma);
        const tNext = logTime(next.sigma);
        const [from, middle, to] = [t, t + 0.5 * (tNext - t), tNext].map(sigmaOf) as [number, number, number];
        const first = ancestralStep(from, middle, eta);
        const xMiddle = combine(
          [first.down / from, x],
          [1 - first.down / from, clean],
          [first.up, brownian(from, middle)],
        );
        const cleanMiddle = await denoise(xMiddle, schedule.levelAt(middle));
        const second = ancestralStep(from, to, eta);
        x = combine(
          [second.down / from, x],
          [1 - second.down / from, cleanMiddle],
          [second.up, brownian(from, to)],
        );
      }
      yield x;
    }
  };
}

/*
 * The reference goes through t = -log(sigma) in float32. The last bits matter here, not for the step but
 * because the Brownian path is rough: another sigma is another point of it.
 */

function logTime(sigma: number): number {
  return Math.fround(-Math.log(sigma));
}

function sigmaOf(t: number): number {
  return Math.fround(Math.exp(-Math.fround(t)));
}
