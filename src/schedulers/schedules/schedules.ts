import type { ContinuousLevels } from '../noise-levels/continuous-levels.ts';
import type { NoiseTable } from '../noise-levels/noise-table.ts';
import type { TimestepSpacing } from '../noise-levels/scheduler-config.ts';
import type { NoiseLevel, Schedule } from '../scheduler.ts';
import {
  exponentialSigmas,
  firstTrainingLevel,
  gridTimesteps,
  karrasSigmas,
  karrasSigmasFloat32,
  levelsAt,
  levelsOf,
  noiseless,
  normalLevels,
  solverTimesteps,
  unitVarianceScale,
  wholeRun,
} from './spacing.ts';

/** Builds the whole run of `steps` steps for a model. */
export type ScheduleOf = (model: NoiseTable, steps: number) => Schedule;

/**
 * diffusers' sigma-based classes (Euler, Euler ancestral, Heun, DPM2, LMS); `linspace` where the checkpoint
 * says nothing.
 */
export const sigmaGrid: ScheduleOf = (model, steps) => {
  const timesteps = gridTimesteps(model, steps, model.timestepSpacing ?? 'linspace');
  return sigmaRun(model, levelsOf(model, timesteps));
};

/**
 * The DPM2 classes with use_karras_sigmas: Karras levels between the first and the last level of the grid,
 * which is narrower than the training table where the grid is (decision of diffusers, kept), timesteps
 * rounded.
 */
export const sigmaGridKarras: ScheduleOf = (model, steps) =>
  sigmaRun(model, levelsAt(model, spacedWithinGrid(model, steps, 'karras'), { whole: true }));

/**
 * Euler, Heun and LMS: the grid, or where the checkpoint has use_karras_sigmas or use_exponential_sigmas,
 * those levels between its ends.
 */
export const sigmaGridAsked: ScheduleOf = (model, steps) =>
  model.sigmaSpacing === 'grid'
    ? sigmaGrid(model, steps)
    : sigmaRun(model, levelsAt(model, spacedWithinGrid(model, steps, model.sigmaSpacing)));

function spacedWithinGrid(model: NoiseTable, steps: number, spacing: 'karras' | 'exponential') {
  const grid = gridTimesteps(model, steps, model.timestepSpacing ?? 'linspace').map(model.sigmaAt);
  const [lowest, highest] = [grid.at(-1)!, grid[0]!];
  return spacing === 'karras'
    ? karrasSigmas(lowest, highest, steps)
    : exponentialSigmas(lowest, highest, steps);
}

function sigmaRun(model: NoiseTable, levels: readonly NoiseLevel[]): Schedule {
  const first = levels[0]!;
  const startsAtTop = (model.timestepSpacing ?? 'linspace') !== 'leading';
  return wholeRun(model, [...levels, finalLevel(model)], {
    initialScale: startsAtTop ? first.sigma : unitVarianceScale(first),
  });
}

/**
 * DDIM: whole timesteps, down to no noise or, where the checkpoint denies set_alpha_to_one, the first
 * training level.
 */
export const ddimGrid: ScheduleOf = (model, steps) => ddimRun(model, steps, model.setAlphaToOne ?? true);

function ddimRun(model: NoiseTable, steps: number, endsNoiseless: boolean): Schedule {
  const levels = variancePreservingLevels(model, steps);
  const last = endsNoiseless ? noiseless : firstTrainingLevel(model);
  return wholeRun(model, [...levels, last], {
    initialScale: unitVarianceScale(levels[0]!),
    finalScale: 1 / unitVarianceScale(last),
  });
}

/**
 * PNDM: as DDIM, but down to the first training level unless the checkpoint sets set_alpha_to_one; with the
 * level between two steps where it asks for Runge-Kutta steps.
 */
export const pndmGrid: ScheduleOf = (model, steps) => {
  const run = ddimRun(model, steps, model.setAlphaToOne ?? false);
  if (model.skipPrkSteps) return run;
  const half = Math.floor(Math.floor(model.trainSteps / steps) / 2);
  return { ...run, halfway: (_, { timestep }) => levelsOf(model, [timestep + half])[0]! };
};

/** DDPM: whole timesteps, down to no noise. */
export const ddpmGrid: ScheduleOf = (model, steps) => {
  const levels = variancePreservingLevels(model, steps);
  return wholeRun(model, [...levels, noiseless], { initialScale: unitVarianceScale(levels[0]!) });
};

function variancePreservingLevels(model: NoiseTable, steps: number): NoiseLevel[] {
  return levelsOf(model, gridTimesteps(model, steps, model.timestepSpacing ?? 'leading', { whole: true }));
}

/** DPM-Solver multistep and UniPC of diffusers; `linspace` where the checkpoint says nothing. */
export const solverGrid: ScheduleOf = (model, steps) =>
  solverAsked(model, steps, model.timestepSpacing ?? 'linspace');

/** DPM-Solver singlestep of diffusers: always `linspace`, steps_offset without effect. */
export const solverLinspace: ScheduleOf = (model, steps) => solverAsked(model, steps, 'linspace');

/**
 * The grid, or where the checkpoint has use_karras_sigmas or use_exponential_sigmas, those levels over the
 * whole table, timesteps rounded or, of the latter, cut off.
 */
function solverAsked(model: NoiseTable, steps: number, spacing: TimestepSpacing): Schedule {
  const [lowest, highest] = [model.sigmas[0]!, model.sigmas.at(-1)!];
  if (model.sigmaSpacing === 'karras')
    return solverRun(model, levelsAt(model, karrasSigmas(lowest, highest, steps), { whole: true }));
  if (model.sigmaSpacing === 'exponential')
    return solverRun(
      model,
      levelsAt(model, exponentialSigmas(lowest, highest, steps)).map(({ sigma, timestep }) => ({
        sigma,
        timestep: Math.floor(timestep),
      })),
    );
  return solverRun(model, levelsOf(model, solverTimesteps(model, steps, spacing)));
}

function solverRun(model: NoiseTable, levels: readonly NoiseLevel[]): Schedule {
  return wholeRun(model, [...levels, finalLevel(model)], { initialScale: unitVarianceScale(levels[0]!) });
}

function finalLevel(model: NoiseTable): NoiseLevel {
  return model.finalSigmasType === 'zero' ? noiseless : firstTrainingLevel(model);
}

/**
 * A1111's plain schedule: even timesteps over the whole table, then no noise. The timesteps of continuous
 * levels are logarithms of sigma.
 */
export const normal: ScheduleOf = (model, steps) =>
  model.continuous === undefined
    ? endingNoiseless(model, normalLevels(model, steps))
    : exponential(model, steps);

/** A1111's Karras schedule over the whole table, then no noise. */
export const karras: ScheduleOf = (model, steps) =>
  endingNoiseless(model, levelsAt(model, karrasSigmasFloat32(model.sigmas[0]!, model.sigmas.at(-1)!, steps)));

/** A1111's exponential schedule over the whole table, then no noise. */
export const exponential: ScheduleOf = (model, steps) =>
  endingNoiseless(model, levelsAt(model, exponentialSigmas(model.sigmas[0]!, model.sigmas.at(-1)!, steps)));

/**
 * Every schedule over timesteps where the checkpoint has continuous levels: their own spacing, as
 * EDMEulerScheduler and EDMDPMSolverMultistepScheduler, for an end at the least noise without the last step,
 * which goes nowhere.
 */
export function orContinuous(schedule: ScheduleOf, forced?: 'karras'): ScheduleOf {
  return (model, steps) =>
    model.continuous === undefined
      ? schedule(model, steps)
      : continuousRun(model, steps, model.continuous, forced ?? model.continuous.spacing);
}

function continuousRun(
  model: NoiseTable,
  steps: number,
  { sigmaMin, sigmaMax, rho }: ContinuousLevels,
  spacing: ContinuousLevels['spacing'],
): Schedule {
  const sigmas =
    spacing === 'karras'
      ? karrasSigmas(sigmaMin, sigmaMax, steps, rho)
      : exponentialSigmas(sigmaMin, sigmaMax, steps);
  const levels = levelsAt(model, sigmas);
  const end = model.finalSigmasType === 'zero' ? [noiseless] : [];
  return wholeRun(model, [...levels, ...end], { initialScale: Math.sqrt(sigmaMax ** 2 + 1) });
}

/** A run over `levels` and then no noise that starts at the first level's sigma, as k-diffusion's. */
export function endingNoiseless(model: NoiseTable, levels: readonly NoiseLevel[]): Schedule {
  return wholeRun(model, [...levels, noiseless], { initialScale: levels[0]!.sigma });
}

/** A1111's discard_next_to_last_sigma: one step more, without its last level above zero. */
export function discardPenultimate(schedule: ScheduleOf): ScheduleOf {
  return (model, steps) => {
    const run = schedule(model, steps + 1);
    return { ...run, levels: run.levels.toSpliced(-2, 1), end: run.end - 1 };
  };
}
