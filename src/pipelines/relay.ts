import type { NoiseLevel, Schedule, Solver } from '../schedulers/scheduler.ts';
import { type DenoiseMany, lockstep } from './lockstep.ts';
import { requireFinite } from './request-error.ts';
import type { Sample } from './sampling.ts';
import type { Stage, Stopwatch } from './stopwatch.ts';

/** A stretch of the schedule with the denoiser that solves it. */
export interface Leg {
  readonly stage: Stage;
  readonly schedule: Schedule;
  readonly denoise: DenoiseMany;
}

export interface RelayStep {
  readonly step: number;
  readonly steps: number;
  /** What the network takes the first sample's picture to be by now. */
  readonly clean: Float32Array;
}

/**
 * Runs the samples of one batch through the legs in order, e.g. base then refiner as an ensemble of experts;
 * history begins anew with each leg. Yields after each step, with the last estimate of the first sample's
 * clean latents; returns the latents ready for the VAE.
 */
export async function* relay(
  solver: Solver,
  legs: readonly Leg[],
  samples: readonly Sample[],
  entryLatents: readonly Float32Array[],
  stopwatch: Stopwatch,
): AsyncGenerator<RelayStep, Float32Array[]> {
  const steps = legs.reduce((sum, { schedule }) => sum + schedule.end - schedule.begin, 0);
  const sources = samples.map(({ noise }) => noise);
  let latents = [...entryLatents];
  let step = 0;
  let clean = latents[0]!;
  for (const { stage, schedule, denoise } of legs) {
    if (schedule.begin === schedule.end) continue;
    const { apart } = denoise;
    const watched: DenoiseMany = Object.assign(
      async (noisy: readonly Float32Array[], level: NoiseLevel) => {
        const estimates = await denoise(noisy, level);
        clean = estimates[0]!;
        return estimates;
      },
      apart && {
        apart: async (noisy: readonly Float32Array[], level: NoiseLevel) => {
          const estimates = await apart(noisy, level);
          clean = estimates[0]!.guided;
          return estimates;
        },
      },
    );
    const walk = lockstep(solver, watched, latents, schedule, sources);
    try {
      while (true) {
        const next = await stopwatch.time(stage, () => walk.next());
        if (next.done === true) break;
        latents = next.value;
        for (const sample of latents) requireFinite(sample, `the latents after step ${step + 1}`);
        step++;
        yield { step, steps: Math.max(step, steps), clean };
      }
    } finally {
      await walk.return(undefined);
    }
  }
  const finalScale = legs[0]!.schedule.finalScale;
  return latents.map((sample) => sample.map((value) => value * finalScale));
}
