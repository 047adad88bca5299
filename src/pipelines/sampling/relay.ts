import type { CacheChoice } from '../../schedulers/caching/cache-kinds.ts';
import { cachedDenoise, type Evaluations } from '../../schedulers/caching/cached-denoise.ts';
import type { Denoise, NoiseLevel, Schedule, Solver } from '../../schedulers/scheduler.ts';
import { requireFinite } from '../request-error.ts';
import type { Stage, Stopwatch } from '../stopwatch.ts';
import { type DenoiseMany, lockstep } from './lockstep.ts';
import type { Sample } from './sampling.ts';

/** A stretch of the schedule with the denoiser that solves it. */
export interface Leg {
  readonly stage: Stage;
  readonly schedule: Schedule;
  readonly denoise: DenoiseMany;
  /** Sigmas at and below which its denoiser is another; see guidanceChanges. */
  readonly changes?: readonly number[];
}

export interface RelayStep {
  readonly step: number;
  readonly steps: number;
  /** What the network takes the first sample's picture to be by now. */
  readonly clean: Float32Array;
}

/** Latents ready for the VAE, by sample. */
export interface Relayed {
  readonly latents: Float32Array[];
  /** By sample; absent without a step cache. */
  readonly evaluations?: readonly Evaluations[];
}

/**
 * Runs the samples of one batch through the legs in order, e.g. base then refiner as an ensemble of experts;
 * history, of the solver as of a step cache, begins anew with each leg. Yields after each step, with the last
 * estimate of the first sample's clean latents.
 */
export async function* relay(
  solver: Solver,
  legs: readonly Leg[],
  samples: readonly Sample[],
  entryLatents: readonly Float32Array[],
  { stopwatch, stepCache }: { readonly stopwatch: Stopwatch; readonly stepCache?: CacheChoice | undefined },
): AsyncGenerator<RelayStep, Relayed> {
  const steps = legs.reduce((sum, { schedule }) => sum + schedule.end - schedule.begin, 0);
  const sources = samples.map(({ noise }) => noise);
  const evaluations = samples.map((): Evaluations => ({ computed: 0, forecast: 0 }));
  let latents = [...entryLatents];
  let step = 0;
  let clean = latents[0]!;
  for (const { stage, schedule, denoise, changes } of legs) {
    if (schedule.begin === schedule.end) continue;
    const ofSample = (own: Denoise, index: number) => {
      const part = stepCache && { choice: stepCache, schedule, ...(changes && { changes }) };
      const asked = part ? cachedDenoise(own, part, evaluations[index]!) : own;
      return index === 0 ? watched(asked, (estimate) => (clean = estimate)) : asked;
    };
    const walk = lockstep(solver, denoise, latents, schedule, sources, ofSample);
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
  return {
    latents: latents.map((sample) => sample.map((value) => value * finalScale)),
    ...(stepCache && { evaluations }),
  };
}

/** A denoiser that tells what it has estimated. */
function watched(denoise: Denoise, tell: (clean: Float32Array) => void): Denoise {
  const { apart } = denoise;
  return Object.assign(
    async (noisy: Float32Array, level: NoiseLevel) => {
      const estimate = await denoise(noisy, level);
      tell(estimate);
      return estimate;
    },
    apart && {
      apart: async (noisy: Float32Array, level: NoiseLevel) => {
        const estimates = await apart(noisy, level);
        tell(estimates.guided);
        return estimates;
      },
    },
  );
}
