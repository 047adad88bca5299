import type { NoiseTable } from './noise-levels.ts';
import type { NoiseLevel, Schedule } from './scheduler.ts';
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
export const sigmaGridKarras: ScheduleOf = (model, steps) => {
  const grid = gridTimesteps(model, steps, model.timestepSpacing ?? 'linspace').map(model.sigmaAt);
  const sigmas = karrasSigmas(grid.at(-1)!, grid[0]!, steps);
  return sigmaRun(model, levelsAt(model, sigmas, { whole: true }));
};

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
  solverRun(model, solverTimesteps(model, steps, model.timestepSpacing ?? 'linspace'));

/** DPM-Solver singlestep of diffusers: always `linspace`, steps_offset without effect. */
export const solverLinspace: ScheduleOf = (model, steps) =>
  solverRun(model, solverTimesteps(model, steps, 'linspace'));

function solverRun(model: NoiseTable, timesteps: readonly number[]): Schedule {
  const levels = levelsOf(model, timesteps);
  return wholeRun(model, [...levels, finalLevel(model)], { initialScale: unitVarianceScale(levels[0]!) });
}

function finalLevel(model: NoiseTable): NoiseLevel {
  return model.finalSigmasType === 'zero' ? noiseless : firstTrainingLevel(model);
}

/** A1111's plain schedule: even timesteps over the whole table, then no noise. */
export const normal: ScheduleOf = (model, steps) => webuiRun(model, normalLevels(model, steps));

/** A1111's Karras schedule over the whole table, then no noise. */
export const karras: ScheduleOf = (model, steps) =>
  webuiRun(model, levelsAt(model, karrasSigmasFloat32(model.sigmas[0]!, model.sigmas.at(-1)!, steps)));

/** A1111's exponential schedule over the whole table, then no noise. */
export const exponential: ScheduleOf = (model, steps) =>
  webuiRun(model, levelsAt(model, exponentialSigmas(model.sigmas[0]!, model.sigmas.at(-1)!, steps)));

function webuiRun(model: NoiseTable, levels: readonly NoiseLevel[]): Schedule {
  return wholeRun(model, [...levels, noiseless], { initialScale: levels[0]!.sigma });
}

/** A1111's discard_next_to_last_sigma: one step more, without its last level above zero. */
export function discardPenultimate(schedule: ScheduleOf): ScheduleOf {
  return (model, steps) => {
    const run = schedule(model, steps + 1);
    return { ...run, levels: run.levels.toSpliced(-2, 1), end: run.end - 1 };
  };
}
