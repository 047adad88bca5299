import type { NoiseLevel, Schedule } from '../scheduler.ts';

/** One interval of a schedule. */
export interface Step {
  /** Index of `level` among the levels of the whole run. */
  readonly index: number;
  readonly level: NoiseLevel;
  readonly next: NoiseLevel;
}

/** The intervals of the part of the run that is to be solved, in order. */
export function* stepsOf({ levels, begin, end }: Schedule): Generator<Step> {
  for (let index = begin; index < end; index++) {
    yield { index, level: levels[index]!, next: levels[index + 1]! };
  }
}

/** Number of steps of the whole run, whatever part of it is solved. */
export function wholeSteps({ levels }: Schedule): number {
  return levels.length - 1;
}
