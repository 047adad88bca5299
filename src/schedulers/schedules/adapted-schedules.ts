import { discardPenultimate, type ScheduleOf } from './schedules.ts';
import { exponentialSigmas, firstTrainingLevel, levelsAt, unitVarianceScale, wholeRun } from './spacing.ts';

/** What a solver makes of the schedule it is put on. */
export type Adapt = (schedule: ScheduleOf) => ScheduleOf;

/** The last level above zero is left out, as A1111 does for some of its samplers. */
export const withoutPenultimate: Adapt = discardPenultimate;

/** Under latents of unit variance, as the variance-preserving methods of diffusers start. */
export const unitVarianceStart: Adapt = (schedule) => (model, steps) => {
  const run = schedule(model, steps);
  return { ...run, initialScale: unitVarianceScale(run.levels[0]!) };
};

/** Even in log sigma to the least noise of the model, where a run stays that cannot reach zero. */
export const toLeastNoise: Adapt = () => (model, steps) => {
  const levels = levelsAt(model, exponentialSigmas(model.sigmas[0]!, model.sigmas.at(-1)!, steps + 1));
  return wholeRun(model, levels, { initialScale: levels[0]!.sigma });
};

/**
 * Ends at the first training level from latents of unit variance, as diffusers' TCDScheduler, where the
 * schedule is not there before its last step.
 */
export const toFirstLevel: Adapt = (schedule) => (model, steps) => {
  const run = unitVarianceStart(schedule)(model, steps);
  const first = firstTrainingLevel(model);
  if (run.levels.at(-2)!.sigma <= first.sigma) return run;
  return { ...run, levels: run.levels.with(-1, first), finalScale: 1 / unitVarianceScale(first) };
};
