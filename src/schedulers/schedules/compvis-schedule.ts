import type { NoiseTable } from '../noise-levels/noise-table.ts';
import type { Schedule } from '../scheduler.ts';
import { levelsOf, unitVarianceScale, wholeRun } from './spacing.ts';

/**
 * The schedule of A1111's DDIM and PLMS (modules/sd_samplers_timesteps.py): every floor(T / steps)-th
 * training timestep from 1 on, clipped to the last one. The lowest is only a goal, so a run has one step less
 * than timesteps: 24 for 25 asked, 30 for 30, 62 for 60. It starts from unit variance and ends at the noise
 * of timestep 1, scaled back to unit variance for the VAE.
 *
 * @param steps from 1 to the number of training timesteps
 */
export function compvisSchedule(model: NoiseTable, steps: number): Schedule {
  const { trainSteps } = model;
  const stride = Math.floor(trainSteps / steps);
  const count = Math.ceil(trainSteps / stride);
  const timesteps = Array.from({ length: count }, (_, i) => Math.min(i * stride + 1, trainSteps - 1));
  const levels = levelsOf(model, timesteps.reverse());
  return wholeRun(model, levels, {
    initialScale: unitVarianceScale(levels[0]!),
    finalScale: 1 / unitVarianceScale(levels.at(-1)!),
  });
}
