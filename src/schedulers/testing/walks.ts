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
export async function walk(
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
