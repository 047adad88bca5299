import { linspace, linspaceFloat32 } from '../../numerics/linspace.ts';
import { interpolate, type NoiseTable } from '../noise-levels/noise-table.ts';
import type { TimestepSpacing } from '../noise-levels/scheduler-config.ts';
import type { NoiseLevel, Schedule } from '../scheduler.ts';

/** Exponent of Karras et al. 2022, eq. 5, unless a checkpoint has its own. */
const usualRho = 7;

/** Python's and numpy's rounding: halves to the even neighbour. */
export function roundHalfEven(value: number): number {
  const floor = Math.floor(value);
  const rest = value - floor;
  if (rest !== 0.5) return Math.round(value);
  return floor % 2 === 0 ? floor : floor + 1;
}

/**
 * Falling timesteps of diffusers' Euler, Heun, DPM2, LMS, DDIM, DDPM and PNDM classes. `whole` rounds the
 * linspace grid as the classes with integer timesteps do.
 */
export function gridTimesteps(
  model: NoiseTable,
  steps: number,
  spacing: TimestepSpacing,
  { whole = false } = {},
): number[] {
  if (spacing === 'trailing') return trailingTimesteps(model, steps);
  if (spacing === 'leading') {
    const stride = Math.floor(model.trainSteps / steps);
    return Array.from({ length: steps }, (_, i) => (steps - 1 - i) * stride + model.stepsOffset);
  }
  const grid = linspace(0, model.trainSteps - 1, steps).reverse();
  return grid.map(whole ? roundHalfEven : Math.fround);
}

/**
 * Falling timesteps of diffusers' DPM-Solver and UniPC classes, which count the final zero as a grid point.
 */
export function solverTimesteps(model: NoiseTable, steps: number, spacing: TimestepSpacing): number[] {
  if (spacing === 'trailing') return trailingTimesteps(model, steps);
  if (spacing === 'leading') {
    const stride = Math.floor(model.trainSteps / (steps + 1));
    return Array.from({ length: steps }, (_, i) => (steps - i) * stride + model.stepsOffset);
  }
  return linspace(0, model.trainSteps - 1, steps + 1)
    .map(roundHalfEven)
    .reverse()
    .slice(0, -1);
}

function trailingTimesteps(model: NoiseTable, steps: number): number[] {
  const stride = model.trainSteps / steps;
  return Array.from({ length: steps }, (_, i) => roundHalfEven(model.trainSteps - i * stride) - 1);
}

/** The level of each timestep: sigma interpolated linearly in the training table, stored as float32. */
export function levelsOf(model: NoiseTable, timesteps: readonly number[]): NoiseLevel[] {
  return timesteps.map((timestep) => ({ sigma: Math.fround(model.sigmaAt(timestep)), timestep }));
}

/**
 * The level of each sigma, as float32; `whole` rounds timesteps as diffusers' DPM2, DPM-Solver and UniPC do.
 */
export function levelsAt(model: NoiseTable, sigmas: Iterable<number>, { whole = false } = {}): NoiseLevel[] {
  return Array.from(sigmas, (sigma) => {
    const timestep = model.timestepAt(sigma);
    return { sigma: Math.fround(sigma), timestep: whole ? roundHalfEven(timestep) : timestep };
  });
}

/** Karras et al. 2022, eq. 5, falling from `sigmaMax` to `sigmaMin`, in float64 as diffusers. */
export function karrasSigmas(sigmaMin: number, sigmaMax: number, count: number, rho = usualRho): number[] {
  const from = sigmaMax ** (1 / rho);
  const to = sigmaMin ** (1 / rho);
  return linspace(0, 1, count).map((ramp) => (from + ramp * (to - from)) ** rho);
}

/** The same in float32 as k-diffusion's get_sigmas_karras: Brownian paths feel the last bit of a sigma. */
export function karrasSigmasFloat32(sigmaMin: number, sigmaMax: number, count: number): Float32Array {
  const from = sigmaMax ** (1 / usualRho);
  const to = sigmaMin ** (1 / usualRho);
  const slope = Math.fround(to - from);
  return linspaceFloat32(0, 1, count).map(
    (ramp) => Math.fround(Math.fround(from) + Math.fround(ramp * slope)) ** usualRho,
  );
}

/** Evenly spaced logarithms, falling, in float32 as k-diffusion's get_sigmas_exponential. */
export function exponentialSigmas(sigmaMin: number, sigmaMax: number, count: number): Float32Array {
  return linspaceFloat32(Math.log(sigmaMax), Math.log(sigmaMin), count).map(Math.exp);
}

/**
 * k-diffusion's DiscreteSchedule.get_sigmas, A1111's plain schedule: even timesteps from the last to the
 * first.
 */
export function normalLevels(model: NoiseTable, count: number): NoiseLevel[] {
  return Array.from(linspaceFloat32(model.trainSteps - 1, 0, count), (timestep) => ({
    sigma: Math.fround(Math.exp(Math.fround(interpolate(model.logSigmas, timestep)))),
    timestep,
  }));
}

/** Where a run ends that leaves no noise. The network is not asked there. */
export const noiseless: NoiseLevel = { sigma: 0, timestep: 0 };

/** The level of the first training timestep, where DDIM, PNDM and `final_sigmas_type: sigma_min` end. */
export function firstTrainingLevel(model: NoiseTable): NoiseLevel {
  return { sigma: model.sigmas[0]!, timestep: 0 };
}

/** A whole run over `levels`. */
export function wholeRun(
  model: NoiseTable,
  levels: readonly NoiseLevel[],
  { initialScale, finalScale = 1 }: { initialScale: number; finalScale?: number },
): Schedule {
  const { levelAt } = model;
  const earlier = ({ sigma }: NoiseLevel, share: number) =>
    levelAtPlace(model, Math.floor(share * model.placeOf(sigma)));
  return { levels, begin: 0, end: levels.length - 1, initialScale, finalScale, levelAt, earlier };
}

/** The level at a place of the training table, 0 ... trainSteps - 1; between two, even in log sigma. */
export function levelAtPlace(model: NoiseTable, place: number): NoiseLevel {
  const sigma = Number.isInteger(place)
    ? model.sigmas[place]!
    : Math.fround(Math.exp(Math.fround(interpolate(model.logSigmas, place))));
  return { sigma, timestep: model.continuous === undefined ? place : model.timestepAt(sigma) };
}

/** Scale of a variance-preserving start: the latents at `level` are standard normals in that space. */
export function unitVarianceScale({ sigma }: NoiseLevel): number {
  return Math.sqrt(sigma * sigma + 1);
}
