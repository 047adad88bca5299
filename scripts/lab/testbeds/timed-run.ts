import type { NoiseSource } from '../../../src/numerics/noise-source.ts';
import type { Denoise, Schedule, Solver } from '../../../src/schedulers/scheduler.ts';

/** A run of one solver with what it took, in milliseconds. */
export interface TimedRun {
  /** Ready for the decoder (times the schedule's finalScale). */
  readonly latents: Float32Array;
  /** Evaluations of the denoiser. */
  readonly calls: number;
  /** Whether every value of every step was finite; a run stops at the first that is not. */
  readonly finite: boolean;
  readonly modelMs: number;
  /** Drawing noise during the run, without the draw of the first latents. */
  readonly noiseMs: number;
  /** The rest: what the solver itself computes. */
  readonly arithmeticMs: number;
}

/** @param entry standard normals times the schedule's initialScale. */
export async function timedRun(
  solver: Solver,
  schedule: Schedule,
  denoise: Denoise,
  noise: NoiseSource,
  entry: Float32Array,
  signal?: AbortSignal,
): Promise<TimedRun> {
  const watch = { model: 0, noise: 0, total: 0 };
  let calls = 0;
  const timedDenoise: Denoise = async (latents, level) => {
    calls++;
    const start = performance.now();
    try {
      return await denoise(latents, level);
    } finally {
      watch.model += performance.now() - start;
    }
  };
  const steps = solver(timedDenoise, entry, schedule, timedNoise(noise, watch));
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
