import type { Progress } from '../parts/wire.ts';

/** Estimates how long a running request will take from the times of its steps so far. */
export interface TimeLeft {
  /**
   * @param now milliseconds of any clock that runs evenly.
   * @returns seconds until the last step of the last sample; undefined until two different steps were seen.
   */
  at(progress: Progress, now: number): number | undefined;
}

export function createTimeLeft(): TimeLeft {
  let first: { done: number; now: number } | undefined;
  return {
    at: ({ sample, samples, step, steps }, now) => {
      const done = sample * steps + step;
      first ??= { done, now };
      const seen = done - first.done;
      if (seen <= 0) return undefined;
      return ((now - first.now) / seen / 1000) * (samples * steps - done);
    },
  };
}
