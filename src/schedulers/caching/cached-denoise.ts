import { combine } from '../../numerics/combine.ts';
import type { Denoise, NoiseLevel, Schedule } from '../scheduler.ts';
import type { CacheChoice } from './cache-kinds.ts';
import { forecastCache } from './forecast.ts';
import { reuseCache } from './reuse.ts';
import type { StepCache } from './step-cache.ts';

/** How many evaluations were made by the network, and how many stand in for it. */
export interface Evaluations {
  computed: number;
  forecast: number;
}

export interface CachedPart {
  readonly choice: CacheChoice;
  /** The whole run with the part of it that is solved. */
  readonly schedule: Schedule;
  /** Sigmas at and below which the denoiser is another. */
  readonly changes?: readonly number[];
}

/**
 * The denoiser of one sample with a cache before it.
 * @param counts what it adds to.
 */
export function cachedDenoise(
  denoise: Denoise,
  { choice, schedule, changes = [] }: CachedPart,
  counts: Evaluations,
): Denoise {
  const cache = createStepCache(choice, schedule);
  const regimeAt = (sigma: number) => changes.filter((change) => sigma <= change).length;
  let regime: number | undefined;
  const { apart } = denoise;

  const noiseAt = async (
    latents: Float32Array,
    level: NoiseLevel,
    evaluate: () => Promise<readonly Float32Array[]>,
  ): Promise<readonly Float32Array[]> => {
    const { sigma } = level;
    const now = regimeAt(sigma);
    if (regime !== now) cache.forget();
    regime = now;
    const predicted = cache.predict(latents, level);
    if (predicted !== undefined) {
      counts.forecast++;
      return predicted.map((noise) => combine([1, latents], [-sigma, noise]));
    }
    const clean = await evaluate();
    counts.computed++;
    cache.computed(
      latents,
      level,
      clean.map((values) => combine([1 / sigma, latents], [-1 / sigma, values])),
    );
    return clean;
  };

  const cached = async (latents: Float32Array, level: NoiseLevel) => {
    const [clean] = await noiseAt(latents, level, async () => [await denoise(latents, level)]);
    return clean!;
  };
  if (apart === undefined) return cached;
  return Object.assign(cached, {
    apart: async (latents: Float32Array, level: NoiseLevel) => {
      const [guided, unguided] = await noiseAt(latents, level, async () => {
        const estimates = await apart(latents, level);
        return [estimates.guided, estimates.unguided];
      });
      return { guided: guided!, unguided: unguided! };
    },
  });
}

function createStepCache(choice: CacheChoice, schedule: Schedule): StepCache {
  return choice.name === 'ucache' ? reuseCache(choice, schedule) : forecastCache(choice, schedule);
}
