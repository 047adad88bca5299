import { combine } from '../../numerics/combine.ts';
import type { NoiseSource } from '../../numerics/noise-source.ts';
import type { NoiseLevel, Schedule } from '../scheduler.ts';

/** S_churn, S_tmin and S_tmax of Karras et al. 2022; no churn where absent. */
export interface ChurnOptions {
  readonly sChurn?: number;
  readonly sTmin?: number;
  readonly sTmax?: number;
}

/** Most a level is lifted by, times itself. */
const mostLift = Math.SQRT2 - 1;

/**
 * Latents lifted to a noisier level before a step (Karras et al. 2022, Algorithm 2, lines 4-6): by a share
 * S_churn / N of the level for the N steps that are solved, as k-diffusion. Draws only where it lifts.
 */
export function churned(
  level: NoiseLevel,
  latents: Float32Array,
  schedule: Schedule,
  noise: NoiseSource,
  { sChurn = 0, sTmin = 0, sTmax = Number.POSITIVE_INFINITY }: ChurnOptions,
): { readonly level: NoiseLevel; readonly latents: Float32Array } {
  const { sigma } = level;
  const lift =
    sigma >= sTmin && sigma <= sTmax ? Math.min(sChurn / (schedule.end - schedule.begin), mostLift) : 0;
  if (lift === 0) return { level, latents };
  const lifted = schedule.levelAt(sigma * (1 + lift));
  const added = Math.sqrt(lifted.sigma ** 2 - sigma ** 2);
  return { level: lifted, latents: combine([1, latents], [added, noise.normal()]) };
}
