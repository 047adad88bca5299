import { combine, type Term } from '../../../numerics/combine.ts';
import type { Solver } from '../../scheduler.ts';
import { brownianNoise } from '../brownian-noise.ts';
import { stepsOf } from '../steps.ts';

/** Clean latents seen at a level, and the step taken from there in log sigma. */
export interface Seen {
  readonly clean: Float32Array;
  readonly logStep: number;
}

/** A step that does not end at zero noise. */
export interface SdeStep extends Seen {
  readonly latents: Float32Array;
  readonly sigma: number;
  readonly sigmaNext: number;
  /** Share of the way to the clean latents: 1 - exp(-(1 + eta) logStep). */
  readonly reached: number;
}

/**
 * DPM-Solver++ over the diffusion SDE in several steps: the exact solution of its linear part, with noise of
 * a Brownian path. The step to zero gives the clean latents themselves.
 * @param drift a step without its noise, from what was seen before, the newest first.
 */
export function dpmppMultistepSde(
  eta: number,
  drift: (step: SdeStep, history: readonly Seen[]) => readonly [Term, ...Term[]],
): Solver {
  return async function* (denoise, latents, schedule, noise) {
    const brownian = brownianNoise(schedule, noise);
    let x = latents;
    const history: Seen[] = [];
    for (const { level, next } of stepsOf(schedule)) {
      const { sigma } = level;
      const sigmaNext = next.sigma;
      const clean = await denoise(x, level);
      if (sigmaNext === 0) {
        x = clean;
      } else {
        const logStep = Math.log(sigma / sigmaNext);
        const reached = -Math.expm1(-(1 + eta) * logStep);
        const [first, ...others] = drift({ latents: x, clean, sigma, sigmaNext, logStep, reached }, history);
        x = combine(first, ...others, [
          sigmaNext * Math.sqrt(-Math.expm1(-2 * eta * logStep)),
          brownian(sigma, sigmaNext),
        ]);
        history.unshift({ clean, logStep });
        history.length = Math.min(history.length, 2);
      }
      yield x;
    }
  };
}
