import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { createNoiseSource } from '../../numerics/noise-source.ts';
import { noiseTable } from '../noise-levels/noise-table.ts';
import { findScheduler, schedulerNames } from '../registry.ts';
import type { Denoise } from '../scheduler.ts';
import { partial } from '../schedules/run-parts.ts';

/** What the network was asked in a run, and the latents handed to the VAE; base64 of float32. */
interface PackedRun {
  readonly timesteps: string;
  /** All network inputs in order: latents / sqrt(sigma^2 + 1). */
  readonly inputs: string;
  readonly latents: string;
}

interface Run {
  readonly timesteps: Float32Array;
  readonly inputs: Float32Array;
  readonly latents: Float32Array;
}

interface Oracle {
  readonly seed: number;
  readonly length: number;
  readonly steps: number;
  readonly img2img: { readonly steps: number; readonly strength: number };
  readonly whole: Readonly<Record<string, PackedRun>>;
  readonly part: Readonly<Record<string, PackedRun>>;
  /** Whole runs at numbers of steps that change the path. */
  readonly further: readonly (PackedRun & { readonly name: string; readonly steps: number })[];
  readonly webui: Readonly<Record<string, PackedRun>>;
}

const file = path.join(import.meta.dirname, '../oracles/k-diffusion-trajectories.json.gz');
const oracle = JSON.parse(gunzipSync(readFileSync(file)).toString()) as Oracle;

const model = noiseTable({
  num_train_timesteps: 1000,
  beta_start: 0.00085,
  beta_end: 0.012,
  beta_schedule: 'scaled_linear',
  prediction_type: 'epsilon',
  timestep_spacing: 'leading',
  steps_offset: 1,
});

function unpack(run: PackedRun): Run {
  const floats = (text: string) => new Float32Array(Uint8Array.from(Buffer.from(text, 'base64')).buffer);
  return {
    timesteps: floats(run.timesteps),
    inputs: floats(run.inputs),
    latents: floats(run.latents),
  };
}

/** The same run through our registry, with the network of the oracle's script. */
async function run(name: string, kind: 'whole' | 'part', wholeSteps = oracle.steps): Promise<Run> {
  const { steps, strength } = oracle.img2img;
  const { solver, schedule: scheduleOf } = findScheduler('sdxl-img2img', name);
  const schedule =
    kind === 'whole' ? scheduleOf(model, wholeSteps) : partial(scheduleOf(model, steps), steps, strength);
  const noise = createNoiseSource({ rng: 'torch-cpu', seed: oracle.seed, length: oracle.length });
  const { sigma } = schedule.levels[schedule.begin]!;
  let latents: Float32Array = noise
    .normal()
    .map((value, i) =>
      kind === 'whole' ? value * schedule.initialScale : Math.fround(Math.cos(i)) + value * sigma,
    );

  const timesteps: number[] = [];
  const inputs: number[] = [];
  const denoise: Denoise = async (noisy, level) => {
    const input = noisy.map((value) => value / Math.sqrt(level.sigma ** 2 + 1));
    timesteps.push(level.timestep);
    inputs.push(...input);
    const share = level.timestep / (level.timestep + 30);
    const predicted = input.map((value, i) => value * share + 0.1 * Math.sin(2 * value + 0.3 * i));
    return noisy.map((value, i) => value - level.sigma * predicted[i]!);
  };
  for await (const stepped of solver(denoise, latents, schedule, noise)) latents = stepped;
  return {
    timesteps: Float32Array.from(timesteps),
    inputs: Float32Array.from(inputs),
    latents: latents.map((value) => value * schedule.finalScale),
  };
}

/**
 * Length of the difference over the length of the expected latents; the worst of all network calls and the
 * result.
 */
function relativeError(actual: Run, expected: Run): number {
  const { length } = oracle;
  const errors = [relativeDistance(actual.latents, expected.latents)];
  for (let at = 0; at < expected.inputs.length; at += length)
    errors.push(
      relativeDistance(actual.inputs.subarray(at, at + length), expected.inputs.subarray(at, at + length)),
    );
  return Math.max(...errors);
}

function relativeDistance(actual: Float32Array, expected: Float32Array): number {
  const difference = expected.map((value, i) => value - actual[i]!);
  return Math.hypot(...difference) / Math.hypot(...expected);
}

function assertFollows(actual: Run, expected: Run, tolerance: number): void {
  assert.equal(actual.timesteps.length, expected.timesteps.length, 'number of network calls');
  for (const [i, timestep] of expected.timesteps.entries())
    assert.ok(
      Math.abs(actual.timesteps[i]! - timestep) < 1e-3,
      `call ${i}: ${actual.timesteps[i]} for ${timestep}`,
    );
  const error = relativeError(actual, expected);
  assert.ok(error < tolerance, `relative error ${error}, tolerance ${tolerance}`);
}

test('the references cover every image-to-image name', () => {
  const names = [...schedulerNames('sdxl-img2img')].sort();
  assert.deepEqual(Object.keys(oracle.whole).sort(), names);
  assert.deepEqual(Object.keys(oracle.part).sort(), names);
});

for (const name of schedulerNames('sdxl-img2img')) {
  const tolerance = name.includes('SDE') ? 1e-3 : 1e-4;
  test(`${name} follows its reference at ${oracle.steps} steps, call by call`, async () => {
    assertFollows(await run(name, 'whole'), unpack(oracle.whole[name]!), tolerance);
  });
  test(`${name} follows its reference from a picture at strength ${oracle.img2img.strength}`, async () => {
    assertFollows(await run(name, 'part'), unpack(oracle.part[name]!), tolerance);
  });
}

for (const { name, steps, ...expected } of oracle.further)
  test(`${name} follows its reference at ${steps} steps, call by call`, async () => {
    assertFollows(await run(name, 'whole', steps), unpack(expected), 1e-4);
  });

test('known divergence: A1111 takes one step more for a strength than floor(steps * strength)', async () => {
  const [ours, webui] = [await run('Euler', 'part'), unpack(oracle.webui.Euler!)];
  assert.deepEqual([ours.timesteps.length, webui.timesteps.length], [19, 20]);
  assert.ok(relativeDistance(ours.latents, webui.latents) > 1e-2);
});

for (const name of ['DDIM', 'PLMS'])
  test(`known divergence: A1111's ${name} takes one step less for a strength, below the noise it added`, async () => {
    const [ours, webui] = [await run(name, 'part'), unpack(oracle.webui[name]!)];
    assert.equal(ours.timesteps.length - webui.timesteps.length, 1);
    assert.ok(webui.timesteps[0]! < ours.timesteps[0]!);
    assert.ok(relativeDistance(ours.latents, webui.latents) > 1e-2);
  });

test('known divergence: A1111 makes its betas in float64, which a Brownian path shows in the fourth digit', async () => {
  const error = relativeError(await run('DPM++ 2M SDE', 'part'), unpack(oracle.webui['DPM++ 2M SDE']!));
  assert.ok(error > 1e-4 && error < 1e-2, `relative error ${error}`);
});
