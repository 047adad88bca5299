import { linspace } from '../../numerics/linspace.ts';
import type { NoiseTable } from '../noise-levels/noise-table.ts';
import { endingNoiseless, type ScheduleOf } from './schedules.ts';
import { levelsAt } from './spacing.ts';

const over = (model: NoiseTable, sigmas: readonly number[]) =>
  endingNoiseless(model, levelsAt(model, sigmas));

/** Share of the noise that the linear half of linear_quadratic takes away. */
const threshold = 0.025;

/**
 * Linear over the first half of the steps, then quadratic with the same slope at the seam (Polyak et al.
 * 2024, "Movie Gen", and Mochi's linear_quadratic_schedule), times the largest sigma as ComfyUI does. One
 * step goes all the way.
 */
export const linearQuadratic: ScheduleOf = (model, steps) => {
  const linear = Math.floor(steps / 2);
  const rest = steps - linear;
  const slope = threshold / Math.max(linear, 1);
  const gap = 1 - threshold - slope * rest;
  const taken = (i: number) =>
    i <= linear ? slope * i : threshold + slope * (i - linear) + gap * ((i - linear) / rest) ** 2;
  const largest = model.sigmas.at(-1)!;
  return over(
    model,
    Array.from({ length: steps }, (_, i) => (1 - (steps === 1 ? 0 : taken(i))) * largest),
  );
};

/**
 * Evenly spaced arctangents of sigma, the least Kullback-Leibler bound for Gaussian data (Sabour et al. 2024,
 * "Align Your Steps", theorem 3.1), N levels and then no noise as ComfyUI's kl_optimal; one level is the
 * largest, where that divides by zero.
 */
export const klOptimal: ScheduleOf = (model, steps) => {
  const [least, largest] = [model.sigmas[0]!, model.sigmas.at(-1)!];
  return over(model, linspace(Math.atan(largest), Math.atan(least), steps).map(Math.tan));
};

/** Noise levels found for SDXL at ten steps (Sabour et al. 2024, published at research.nvidia.com). */
const sdxlTable = [
  14.6146412293, 6.3184485287, 3.7681790315, 2.1811480769, 1.3405244945, 0.8620721141, 0.5550693289,
  0.3798540708, 0.2332364134, 0.1114188177, 0.0291671582,
];

/**
 * Align Your Steps: the table, log-linear between its entries for other numbers of steps; the last of N + 1
 * entries gives way to no noise. A1111 asks for N entries and appends zero, one level more at the low end.
 */
export const alignYourSteps: ScheduleOf = (model, steps) => {
  const logarithms = sdxlTable.map(Math.log);
  const at = (place: number) => {
    const low = Math.min(Math.floor(place), logarithms.length - 2);
    return Math.exp(logarithms[low]! + (place - low) * (logarithms[low + 1]! - logarithms[low]!));
  };
  return over(
    model,
    linspace(0, sdxlTable.length - 1, steps + 1)
      .slice(0, -1)
      .map(at),
  );
};
