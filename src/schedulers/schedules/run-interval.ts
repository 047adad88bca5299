import type { NoiseLevel, Schedule } from '../scheduler.ts';

/** Noise levels of a part of a run, on the way down: from `upTo` on, to `above`, which is not part of it. */
export interface RunInterval {
  readonly upTo: number;
  readonly above: number;
}

/**
 * What lies between two fractions of the whole run's steps, 0 the beginning and 1 the end, also where a part
 * of the run is solved.
 */
export function runInterval({ levels }: Schedule, start: number, end: number): RunInterval {
  const sigmaAt = (fraction: number) => levels[Math.floor(fraction * (levels.length - 1))]!.sigma;
  return {
    upTo: start === 0 ? Number.POSITIVE_INFINITY : sigmaAt(start),
    above: end === 1 ? Number.NEGATIVE_INFINITY : sigmaAt(end),
  };
}

/** Whether a level is one of the interval: from `upTo`, included, down to `above`, left out. */
export function isWithin({ sigma }: Pick<NoiseLevel, 'sigma'>, { upTo, above }: RunInterval): boolean {
  return sigma <= upTo && sigma > above;
}

/** Tells which levels lie between two fractions of a run (see runInterval). */
export function withinRun(schedule: Schedule, start: number, end: number): (level: NoiseLevel) => boolean {
  const interval = runInterval(schedule, start, end);
  return (level) => isWithin(level, interval);
}
