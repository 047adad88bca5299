import { combine } from '../../numerics/combine.ts';
import type { Solver } from '../scheduler.ts';
import { stepsOf } from './steps.ts';

const f32 = Math.fround;

/**
 * Ancestral sampling of the training process (Ho et al. 2020, eq. 6-7) with the posterior's own variance
 * (`fixed_small`), as diffusers' DDPMScheduler; the equations' means and deviations are divided by the
 * sqrt(alpha bar) of their level. No noise is drawn for a step to zero noise.
 */
export const ddpm: Solver = async function* (denoise, latents, schedule, noise) {
  let current = latents;
  for (const { level, next } of stepsOf(schedule)) {
    const clean = await denoise(current, level);
    if (next.sigma === 0) {
      current = clean.slice();
    } else {
      const { cleanShare, latentsShare, deviation } = posterior(level.sigma, next.sigma);
      current = combine([cleanShare, clean], [latentsShare, current], [deviation, noise.normal()]);
    }
    yield current;
  }
};

/**
 * In float32 as the reference: between adjacent training timesteps the rounding of beta shows in the fifth
 * digit of the shares, which the published thousand-step results contain.
 */
function posterior(sigma: number, sigmaNext: number) {
  const alphaBar = f32(1 / (sigma * sigma + 1));
  const alphaBarNext = f32(1 / (sigmaNext * sigmaNext + 1));
  const alpha = f32(alphaBar / alphaBarNext);
  const beta = f32(1 - alpha);
  const betaBar = f32(1 - alphaBar);
  const betaBarNext = f32(1 - alphaBarNext);
  return {
    cleanShare: beta / betaBar,
    latentsShare: (alpha * betaBarNext) / betaBar,
    deviation: Math.sqrt((beta * betaBarNext) / betaBar / alphaBarNext),
  };
}
