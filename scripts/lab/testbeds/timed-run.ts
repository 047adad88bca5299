import type { NoiseSource } from '../../../src/numerics/noise-source.ts';
import type { CacheChoice } from '../../../src/schedulers/caching/cache-kinds.ts';
import { cachedDenoise } from '../../../src/schedulers/caching/cached-denoise.ts';
import type { Denoise, NoiseLevel, Schedule, Solver } from '../../../src/schedulers/scheduler.ts';

/** A run of one solver with what it took, in milliseconds. */
export interface TimedRun {
  /** Ready for the decoder (times the schedule's finalScale). */
  readonly latents: Float32Array;
  /** Evaluations of the denoiser that were computed; one without guidance is half of one. */
  readonly calls: number;
  /** Whether every value of every step was finite; a run stops at the first that is not. */
  readonly finite: boolean;
  readonly modelMs: number;
  /** Drawing noise during the run, without the draw of the first latents. */
  readonly noiseMs: number;
  /** The rest: what the solver itself computes. */
  readonly arithmeticMs: number;
}

/** What of a run is not its solver's. */
export interface RunOptions {
  readonly signal?: AbortSignal | undefined;
  /** Forecasts some of the evaluations, which are not counted then. */
  readonly cache?: CacheChoice | undefined;
  /** What an evaluation counts at a level; 1 by default. */
  readonly weight?: (level: NoiseLevel) => number;
}

/** @param entry standard normals times the schedule's initialScale. */
export async function timedRun(
  solver: Solver,
  schedule: Schedule,
  denoise: Denoise,
  noise: NoiseSource,
  entry: Float32Array,
  { signal, cache, weight = () => 1 }: RunOptions = {},
): Promise<TimedRun> {
  const watch = { model: 0, noise: 0, total: 0 };
  let calls = 0;
  const timedDenoise: Denoise = async (latents, level) => {
    calls += weight(level);
    const start = performance.now();
    try {
      return await denoise(latents, level);
    } finally {
      watch.model += performance.now() - start;
    }
  };
  const asked = cache
    ? cachedDenoise(timedDenoise, { choice: cache, schedule }, { computed: 0, forecast: 0 })
    : timedDenoise;
  const steps = solver(asked, entry, schedule, timedNoise(noise, watch));
  let latents = entry;
  let finite = true;
  try {
    while (finite) {
      const start = performance.now();
      const next = await steps.next();
      watch.total += performance.now() - start;
      if (next.done === true) break;
      latents = next.value;
      finite = allFinite(latents);
      // Outside the watch: the event loop's turn in which an interrupt is noticed.
      await new Promise((resolve) => setImmediate(resolve));
      signal?.throwIfAborted();
    }
  } finally {
    await steps.return(undefined);
  }
  return {
    latents: latents.map((value) => value * schedule.finalScale),
    calls,
    finite,
    modelMs: watch.model,
    noiseMs: watch.noise,
    arithmeticMs: Math.max(0, watch.total - watch.model - watch.noise),
  };
}

function timedNoise(noise: NoiseSource, watch: { noise: number }): NoiseSource {
  const timed = <T>(work: () => T): T => {
    const start = performance.now();
    try {
      return work();
    } finally {
      watch.noise += performance.now() - start;
    }
  };
  return {
    normal: () => timed(() => noise.normal()),
    brownian(sigmaMin, sigmaMax) {
      const path = timed(() => noise.brownian(sigmaMin, sigmaMax));
      return (sigma, sigmaNext) => timed(() => path(sigma, sigmaNext));
    },
  };
}

function allFinite(values: Float32Array): boolean {
  // A finite number times 0 is 0, anything else NaN.
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i]! * 0;
  return sum === 0;
}
