import assert from 'node:assert/strict';
import { createNoiseSource, type NoiseSource } from '../../numerics/noise-source.ts';
import { noiseTable } from '../noise-levels/noise-table.ts';
import type { Denoise, Schedule, Solver } from '../scheduler.ts';

/** Walks of any solver over a small network, for properties that hold of all of them. */

/** The noise levels of SDXL's scheduler_config.json. */
export const sdxl = noiseTable({
  num_train_timesteps: 1000,
  beta_start: 0.00085,
  beta_end: 0.012,
  beta_schedule: 'scaled_linear',
  prediction_type: 'epsilon',
  timestep_spacing: 'leading',
  steps_offset: 1,
  set_alpha_to_one: false,
  skip_prk_steps: true,
});

/** Values of a sample. */
export const length = 6;

export function noiseOf(seed: number): NoiseSource {
  return createNoiseSource({ rng: 'philox', seed, length });
}

/** Noise where only the number of calls counts: a Brownian path is costly, and its values do not matter. */
export function cheapNoise(): NoiseSource {
  const { normal } = noiseOf(7);
  return { normal, brownian: () => normal };
}

/** An elementwise network with something of everything in it. */
export const denoise: Denoise = async (latents, { sigma, timestep }) =>
  latents.map((value, i) => Math.tanh(value / (1 + sigma)) + 0.1 * Math.sin(timestep / 100 + i));

export function startOf(schedule: Schedule, noise: NoiseSource): Float32Array {
  const { sigma } = schedule.levels[schedule.begin]!;
  return noise.normal().map((value) => value * sigma);
}

/** The latents after every step. */
async function walk(
  { solver }: { readonly solver: Solver },
  network: Denoise,
  schedule: Schedule,
  latents: Float32Array,
  noise: NoiseSource,
): Promise<Float32Array[]> {
  const steps: Float32Array[] = [];
  for await (const stepped of solver(network, latents, schedule, noise)) steps.push(stepped.slice());
  return steps;
}

/** The latents after the last step. */
export async function finish(...run: Parameters<typeof walk>): Promise<Float32Array> {
  return (await walk(...run)).at(-1) ?? run[3];
}

/** How often the small network is asked on a part of a run, and the latents after every step. */
export async function countedWalk(
  scheduler: { readonly solver: Solver },
  part: Schedule,
): Promise<{ calls: number; trajectory: Float32Array[] }> {
  let calls = 0;
  const counted: Denoise = async (latents, level) => {
    calls++;
    return denoise(latents, level);
  };
  const noise = cheapNoise();
  const trajectory = await walk(scheduler, counted, part, startOf(part, noise), noise);
  return { calls, trajectory };
}

/** One sample's latents after every step are the same bits alone as beside others that are solved with it. */
export async function assertSameInCrowd(
  scheduler: { readonly solver: Solver },
  part: Schedule,
  seeds: readonly number[],
  what: string,
): Promise<void> {
  const start = (seed: number) => {
    const noise = noiseOf(seed);
    return { latents: startOf(part, noise), noise };
  };
  const alone: Float32Array[][] = [];
  for (const seed of seeds) {
    const { latents, noise } = start(seed);
    const before = latents.slice();
    alone.push(await walk(scheduler, denoise, part, latents, noise));
    assert.deepEqual(latents, before, 'the entry latents are only read');
  }
  const crowd = seeds.map((seed) => {
    const { latents, noise } = start(seed);
    return { walk: scheduler.solver(denoise, latents, part, noise), seen: [] as Float32Array[] };
  });
  for (let active = crowd; active.length > 0; ) {
    const results = await Promise.all(active.map((sample) => sample.walk.next()));
    for (const [i, { done, value }] of results.entries()) if (!done) active[i]!.seen.push(value.slice());
    active = active.filter((_, i) => !results[i]!.done);
  }
  for (const [i, { seen }] of crowd.entries()) assert.deepEqual(seen, alone[i], what);
}
