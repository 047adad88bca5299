import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createNoiseSource, type NoiseSource } from '../../numerics/noise-source.ts';
import type { NoiseTable } from '../noise-levels/noise-table.ts';
import type { SchedulerConfig } from '../noise-levels/scheduler-config.ts';
import type { Denoise, NoiseLevel, Schedule, Solver } from '../scheduler.ts';
import {
  ddimGrid,
  ddpmGrid,
  pndmGrid,
  type ScheduleOf,
  sigmaGrid,
  solverGrid,
  solverLinspace,
} from '../schedules/schedules.ts';
import { karrasSigmas, levelsAt } from '../schedules/spacing.ts';
import { ddim } from '../solvers/ddim.ts';
import { ddpm } from '../solvers/ddpm.ts';
import { dpmMultistep } from '../solvers/dpm-solver/dpm-multistep.ts';
import { dpmSinglestep } from '../solvers/dpm-solver/dpm-singlestep.ts';
import { dpm2 } from '../solvers/dpm-solver/dpm2.ts';
import { dpm2Ancestral } from '../solvers/dpm-solver/dpm2-ancestral.ts';
import { dpmppSde } from '../solvers/dpm-solver/dpmpp-sde.ts';
import { euler } from '../solvers/euler.ts';
import { eulerAncestral } from '../solvers/euler-ancestral.ts';
import { heun } from '../solvers/heun.ts';
import { lms } from '../solvers/lms.ts';
import { pndm } from '../solvers/pndm.ts';
import { unipc } from '../solvers/unipc.ts';

/*
 * The full loop tests of diffusers (source and revision in the JSON) on our solvers. Their toy network is
 * noise(x, t) = x * t / (t + 1), their sample a ramp.
 */

export interface PublishedLoop {
  readonly class: string;
  readonly test: string;
  readonly config: SchedulerConfig;
  readonly steps: number;
  readonly loop: 'plain' | 'scaled';
  readonly sum: number | null;
  readonly mean: number | null;
  readonly sumTolerance: number | null;
  readonly meanTolerance: number | null;
  /** Index at which the loop begins, after adding noise to the sample. */
  readonly noiseFrom?: number;
  /** Index at which the loop begins without adding noise. */
  readonly startFrom?: number;
  /** Number of values where it is not 768. */
  readonly length?: number;
}

export const { loops: publishedLoops } = JSON.parse(
  readFileSync(new URL('../oracles/diffusers-published.json', import.meta.url), 'utf8'),
) as {
  readonly loops: readonly PublishedLoop[];
};

export interface PublishedClass {
  readonly solver: Solver;
  readonly schedule: ScheduleOf;
  /** What the second evaluation of a step gives to the step: a derivative, or clean latents. */
  readonly inner?: 'derivative' | 'clean';
}

export const publishedClasses: Readonly<Record<string, PublishedClass>> = {
  EulerDiscreteScheduler: { solver: euler(), schedule: sigmaGrid },
  EulerAncestralDiscreteScheduler: { solver: eulerAncestral(), schedule: sigmaGrid },
  HeunDiscreteScheduler: { solver: heun(), schedule: sigmaGrid },
  KDPM2DiscreteScheduler: { solver: dpm2(), schedule: sigmaGrid },
  KDPM2AncestralDiscreteScheduler: { solver: dpm2Ancestral(), schedule: sigmaGrid },
  LMSDiscreteScheduler: { solver: lms, schedule: sigmaGrid },
  DPMSolverSDEScheduler: { solver: dpmppSde(), schedule: sigmaGrid, inner: 'clean' },
  DDIMScheduler: { solver: ddim(), schedule: ddimGrid },
  DDPMScheduler: { solver: ddpm, schedule: ddpmGrid },
  PNDMScheduler: { solver: pndm, schedule: pndmGrid },
  UniPCMultistepScheduler: { solver: unipc({ order: 2, variant: 'bh2' }), schedule: solverGrid },
  DPMSolverMultistepScheduler: { solver: dpmMultistep({ lowerOrderFinal: false }), schedule: solverGrid },
  DPMSolverSinglestepScheduler: {
    solver: dpmSinglestep({ lowerOrderFinal: false }),
    schedule: solverLinspace,
  },
};

const batch = 4;
const perSample = 192;
const length = batch * perSample;
const scaleOf = ({ sigma }: NoiseLevel) => 1 / Math.sqrt(sigma * sigma + 1);

/** sample[b, c, y, x] = (((c * 8 + y) * 8 + x) * 4 + b) / 768, and the noise the same ramp backwards. */
function ramps(count = length): { sample: Float32Array; noise: Float32Array } {
  const place = (i: number) => (i % (count / batch)) * batch + Math.floor(i / (count / batch));
  return {
    sample: Float32Array.from({ length: count }, (_, i) => place(i) / count),
    noise: Float32Array.from({ length: count }, (_, i) => (count - 1 - place(i)) / count),
  };
}

function toyNoise(input: Float32Array, timestep: number): Float32Array {
  const factor = Math.fround(timestep / Math.fround(timestep + 1));
  return input.map((value) => value * factor);
}

/** Clean latents from what the network was shown, both in the space clean + sigma * noise. */
function cleanFrom(
  sample: Float32Array,
  output: Float32Array,
  { sigma }: NoiseLevel,
  model: NoiseTable,
): Float32Array {
  if (model.predictionType === 'epsilon') return sample.map((value, i) => value - sigma * output[i]!);
  const share = 1 / (sigma * sigma + 1);
  return sample.map((value, i) => value * share - output[i]! * sigma * Math.sqrt(share));
}

export function scheduleFor(entry: PublishedLoop, model: NoiseTable): Schedule {
  const schedule = publishedClasses[entry.class]!.schedule(model, entry.steps);
  const begin = entry.noiseFrom ?? entry.startFrom ?? 0;
  if (entry.config.use_karras_sigmas !== true) return { ...schedule, begin };
  const overTable = entry.loop === 'plain';
  const sigmaMin = overTable ? model.sigmas[0]! : schedule.levels.at(-2)!.sigma;
  const sigmaMax = overTable ? model.sigmas.at(-1)! : schedule.levels[0]!.sigma;
  const levels = levelsAt(model, karrasSigmas(sigmaMin, sigmaMax, entry.steps), { whole: overTable });
  return { ...schedule, levels: [...levels, schedule.levels.at(-1)!], begin };
}

function noiseFor(entry: PublishedLoop): NoiseSource {
  return createNoiseSource({ rng: entry.test.includes('cuda') ? 'philox' : 'torch-cpu', seed: 0, length });
}

/** The variance-preserving classes: sample and model input are sqrt(alpha bar) times our latents. */
async function runPlain(entry: PublishedLoop, model: NoiseTable, schedule: Schedule): Promise<Float32Array> {
  const { solver } = publishedClasses[entry.class]!;
  const entryLevel = schedule.levels[schedule.begin]!;
  const entryScale = scaleOf(entryLevel);
  const ramp = ramps(entry.length);
  const start =
    entry.noiseFrom === undefined
      ? ramp.sample.map((value) => value / entryScale)
      : ramp.sample.map((value, i) => value + entryLevel.sigma * ramp.noise[i]!);
  const denoise: Denoise = async (latents, level) => {
    const scale = scaleOf(level);
    const output = toyNoise(
      latents.map((value) => value * scale),
      level.timestep,
    );
    const clean = cleanFrom(latents, output, level, model);
    if (entry.config.thresholding === true) return dynamicThreshold(clean, entry.config);
    if (entry.class === 'DDPMScheduler') return clean.map((value) => Math.min(Math.max(value, -1), 1));
    if (entry.class === 'DDIMScheduler')
      assert.ok(
        clean.every((value) => Math.abs(value) <= 1),
        'clip_sample would act',
      );
    return clean;
  };
  let last: Float32Array = start;
  for await (const latents of solver(denoise, start, schedule, noiseFor(entry))) last = latents;
  const endScale = scaleOf(schedule.levels[schedule.end]!);
  return last.map((value) => value * endScale);
}

/** diffusers' thresholding: per sample to the quantile of |x|, at least 1 but at most sample_max_value. */
function dynamicThreshold(clean: Float32Array, config: SchedulerConfig): Float32Array {
  const out = new Float32Array(length);
  for (let b = 0; b < batch; b++) {
    const sample = clean.subarray(b * perSample, (b + 1) * perSample);
    const sorted = sample.map(Math.abs).sort();
    const position = Number(config.dynamic_thresholding_ratio) * (perSample - 1);
    const low = Math.floor(position);
    const quantile = sorted[low]! + (position - low) * (sorted[low + 1]! - sorted[low]!);
    const bound = Math.min(Math.max(quantile, 1), Number(config.sample_max_value));
    out.set(
      sample.map((value) => Math.min(Math.max(value, -bound), bound) / bound),
      b * perSample,
    );
  }
  return out;
}

/**
 * The sigma-based classes: the published loop hands the *scaled* sample to the network and to the step, so
 * here the latents are scaled in place between two steps, and a second evaluation inside a step answers for
 * the scaled latents what the step reads from it.
 */
export async function runScaled(
  entry: PublishedLoop,
  model: NoiseTable,
  schedule: Schedule,
  { solver, inner = 'derivative' }: PublishedClass = publishedClasses[entry.class]!,
): Promise<Float32Array> {
  const { levels, begin, end } = schedule;
  const ramp = ramps();
  const start: Float32Array = ramp.sample.map((value) => value * schedule.initialScale);
  if (entry.noiseFrom !== undefined)
    for (let i = 0; i < length; i++) start[i]! += levels[begin]!.sigma * ramp.noise[i]!;
  let isInner = false;
  const denoise: Denoise = async (latents, level) => {
    const sample = isInner ? latents.map((value) => value * scaleOf(level)) : latents;
    const clean = cleanFrom(sample, toyNoise(sample, level.timestep), level, model);
    const answer =
      isInner && inner === 'derivative' ? clean.map((value, i) => latents[i]! - (sample[i]! - value)) : clean;
    isInner = true;
    return answer;
  };
  const scaleInPlace = (latents: Float32Array, level: NoiseLevel) => {
    for (let i = 0; i < length; i++) latents[i]! *= scaleOf(level);
    isInner = false;
  };
  scaleInPlace(start, levels[begin]!);
  let index = begin;
  let last: Float32Array = start;
  for await (const latents of solver(denoise, start, schedule, noiseFor(entry))) {
    last = latents;
    index++;
    if (index < end) scaleInPlace(latents, levels[index]!);
  }
  return last;
}

/** The latents, [4, 192], with which the published loop ends on our solver. */
export function runPublished(
  entry: PublishedLoop,
  model: NoiseTable,
  schedule: Schedule,
): Promise<Float32Array> {
  return (entry.loop === 'plain' ? runPlain : runScaled)(entry, model, schedule);
}
