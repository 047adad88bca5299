import { symmetricBetaQuantile } from '../../numerics/symmetric-beta.ts';
import { overPlaces } from './even-timesteps.ts';
import type { ScheduleOf } from './schedules.ts';
import { roundHalfEven } from './spacing.ts';

/** Both parameters of the distribution in Lee et al. 2024. */
const shape = 0.6;

/**
 * Timesteps at the quantiles 1, 1 - 1/N, ..., 1/N of a beta distribution, dense at both ends (Lee et al.
 * 2024, "Beta Sampling is All You Need"), rounded to whole ones as ComfyUI's beta. The median, which every
 * even N asks for, lies exactly between two timesteps and is rounded to the even one; scipy's comes to lie on
 * either side. A timestep that several quantiles share is taken once.
 */
export const beta: ScheduleOf = (model, steps) => {
  const last = model.trainSteps - 1;
  const places = Array.from({ length: steps }, (_, i) =>
    roundHalfEven(symmetricBetaQuantile((steps - i) / steps, shape) * last),
  );
  return overPlaces(model, new Set(places));
};
