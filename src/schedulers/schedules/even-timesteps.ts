import { linspaceFloat32 } from '../../numerics/linspace.ts';
import type { NoiseTable } from '../noise-levels/noise-table.ts';
import { endingNoiseless, type ScheduleOf } from './schedules.ts';
import { levelAtPlace, roundHalfEven } from './spacing.ts';

/** A run over falling places of the training table, then no noise. */
export function overPlaces(model: NoiseTable, places: Iterable<number>) {
  return endingNoiseless(
    model,
    Array.from(places, (place) => levelAtPlace(model, place)),
  );
}

/** Stability's sgm and ComfyUI's sgm_uniform: N of N + 1 even timesteps from the last to the first. */
export const sgmUniform: ScheduleOf = (model, steps) =>
  overPlaces(model, linspaceFloat32(model.trainSteps - 1, 0, steps + 1).subarray(0, steps));

/** ComfyUI's simple: every (T / N)-th timestep down from the last, cut to whole ones. */
export const simple: ScheduleOf = (model, steps) => {
  const { trainSteps } = model;
  return overPlaces(
    model,
    Array.from({ length: steps }, (_, i) => trainSteps - 1 - Math.floor((i * trainSteps) / steps)),
  );
};

/**
 * ComfyUI's ddim_uniform: timesteps 1, 1 + floor(T / N), ..., N of them. There the stride goes on to the end
 * of the table, which gives one level too many or more where N does not divide T.
 */
export const ddimUniform: ScheduleOf = (model, steps) => {
  const stride = Math.floor(model.trainSteps / steps);
  return overPlaces(
    model,
    Array.from({ length: steps }, (_, i) => 1 + (steps - 1 - i) * stride),
  );
};

/**
 * The schedule of SD and SDXL Turbo (Sauer et al. 2023, "Adversarial Diffusion Distillation": 999, 749, 499,
 * 249 for four steps): even timesteps from the last, as `trailing` of diffusers. ComfyUI's node takes the
 * first N of ten instead, and so no more than ten.
 */
export const turbo: ScheduleOf = (model, steps) => {
  const { trainSteps } = model;
  return overPlaces(
    model,
    Array.from({ length: steps }, (_, i) => roundHalfEven(trainSteps - (i * trainSteps) / steps) - 1),
  );
};

/** Timesteps that latent consistency models are distilled at (Luo et al. 2023, section 4.3). */
const consistencySteps = 50;

/**
 * diffusers' LCMScheduler and TCDScheduler: of 50 even timesteps from the last, every (50 / N)-th, cut to
 * whole ones; of N where those are more.
 */
export const lcm: ScheduleOf = (model, steps) => {
  const origins = Math.max(consistencySteps, steps);
  const stride = Math.floor(model.trainSteps / origins);
  return overPlaces(
    model,
    Array.from({ length: steps }, (_, i) => (origins - Math.floor((i * origins) / steps)) * stride - 1),
  );
};
