import type { NoiseSource } from '../../numerics/noise-source.ts';
import type { Schedule } from '../scheduler.ts';

/**
 * The sample's Brownian path over the positive levels of the whole run, also where only a part of it is
 * solved, as A1111 opens it; each call gives unit-variance noise for the way between two levels. Opened at
 * the first call, since a part that only takes the last step to zero needs none.
 */
export function brownianNoise(
  schedule: Schedule,
  noise: NoiseSource,
): (sigma: number, sigmaNext: number) => Float32Array {
  const positive = schedule.levels.filter(({ sigma }) => sigma > 0);
  let path: ReturnType<NoiseSource['brownian']> | undefined;
  return (sigma, sigmaNext) => {
    path ??= noise.brownian(positive.at(-1)!.sigma, positive[0]!.sigma);
    return path(sigma, sigmaNext);
  };
}
