import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { createNoiseSource } from '../numerics/noise-source.ts';
import { type NoiseTable, noiseTable } from './noise-levels/noise-table.ts';
import type { SchedulerConfig } from './noise-levels/scheduler-config.ts';
import { findScheduler, schedulerNames } from './registry.ts';
import type { Denoise, Schedule } from './scheduler.ts';
import { handOff, partial } from './schedules/run-parts.ts';

/** What the network was asked in a run, and the latents handed to the VAE; base64 of float32. */
interface PackedRun {
  readonly timesteps: string;
  /** All network inputs in order: latents / sqrt(sigma^2 + 1). */
  readonly inputs: string;
  readonly latents: string;
}
type Runs = Readonly<Record<string, PackedRun>>;

interface Run {
  readonly timesteps: Float32Array;
  readonly inputs: Float32Array;
  readonly latents: Float32Array;
}

interface PackedSchedule {
  readonly timesteps: string;
  readonly sigmas: string | null;
  readonly initialScale: number;
}

interface Oracle {
  readonly config: SchedulerConfig;
  readonly seed: number;
  readonly length: number;
  readonly steps: number;
  readonly img2img: { readonly steps: number; readonly strength: number };
  readonly fraction: number;
  readonly whole: Runs;
  readonly velocity: Runs;
  readonly part: Runs;
  readonly handOff: Runs;
  readonly zeroSnr: Runs;
  readonly diverging: {
    readonly part: Runs;
    readonly handOff: Runs;
    readonly trailing: Runs;
    readonly zeroSnr: Runs;
  };
  readonly schedules: Readonly<Record<string, Readonly<Record<string, PackedSchedule>>>>;
  /** Cumulative alphas per training timestep. */
  readonly tables: Readonly<Record<string, string>>;
}

const oracle = JSON.parse(
  gunzipSync(readFileSync(new URL('oracles/diffusers-trajectories.json.gz', import.meta.url))).toString(),
) as Oracle;
const { steps, img2img } = oracle;
const sdxl = noiseTable(oracle.config);
const names = schedulerNames('sdxl-torch');

function floats(text: string): Float32Array {
  return new Float32Array(Uint8Array.from(Buffer.from(text, 'base64')).buffer);
}

function unpack({ timesteps, inputs, latents }: PackedRun): Run {
  return { timesteps: floats(timesteps), inputs: floats(inputs), latents: floats(latents) };
}

function wholeRun(name: string, model: NoiseTable, count: number): Schedule {
  return findScheduler('sdxl-torch', name).schedule(model, count);
}

/**
 * Solves the parts one after another with the network of the oracle's script, from noise or from its picture.
 */
async function run(name: string, model: NoiseTable, parts: readonly Schedule[]): Promise<Run> {
  const { solver } = findScheduler('sdxl-torch', name);
  const noise = createNoiseSource({ rng: 'torch-cpu', seed: oracle.seed, length: oracle.length });
  const { levels, begin, initialScale, finalScale } = parts[0]!;
  let latents: Float32Array = noise
    .normal()
    .map((value, i) =>
      begin === 0 ? value * initialScale : Math.fround(Math.cos(i)) + value * levels[begin]!.sigma,
    );

  const timesteps: number[] = [];
  const inputs: number[] = [];
  const denoise: Denoise = async (noisy, { sigma, timestep }) => {
    const scale = 1 / Math.sqrt(sigma * sigma + 1);
    const input = noisy.map((value) => value * scale);
    timesteps.push(timestep);
    inputs.push(...input);
    const share = timestep / (timestep + 30);
    const output = input.map((value, i) => value * share + 0.1 * Math.sin(2 * value + 0.3 * i));
    return noisy.map((value, i) =>
      model.predictionType === 'epsilon'
        ? value - sigma * output[i]!
        : (value * scale - sigma * output[i]!) * scale,
    );
  };
  for (const part of parts)
    for await (const stepped of solver(denoise, latents, part, noise)) latents = stepped;
  return {
    timesteps: Float32Array.from(timesteps),
    inputs: Float32Array.from(inputs),
    latents: latents.map((value) => value * finalScale),
  };
}

const runWhole = (name: string) => run(name, sdxl, [wholeRun(name, sdxl, steps)]);
const runPart = (name: string) =>
  run(name, sdxl, [partial(wholeRun(name, sdxl, img2img.steps), img2img.steps, img2img.strength)]);
const runHandOff = (name: string) => run(name, sdxl, handOff(wholeRun(name, sdxl, steps), oracle.fraction));

function relativeDistance(actual: Float32Array, expected: Float32Array): number {
  const difference = expected.map((value, i) => value - actual[i]!);
  return Math.hypot(...difference) / Math.hypot(...expected);
}

function assertFollows(actual: Run, expected: Run): void {
  assert.equal(actual.timesteps.length, expected.timesteps.length, 'number of network calls');
  for (const [i, timestep] of expected.timesteps.entries()) {
    const asked = actual.timesteps[i]!;
    assert.ok(Math.abs(asked - timestep) < 1e-3, `call ${i} at timestep ${asked}, expected ${timestep}`);
    const at = i * oracle.length;
    const error = relativeDistance(
      actual.inputs.subarray(at, at + oracle.length),
      expected.inputs.subarray(at, at + oracle.length),
    );
    assert.ok(error < 1e-4, `relative error ${error} at call ${i}`);
  }
  const error = relativeDistance(actual.latents, expected.latents);
  assert.ok(error < 1e-4, `relative error ${error} at the end`);
}

function assertDiverges(actual: Run, expected: Run): void {
  const error = relativeDistance(actual.latents, expected.latents);
  assert.ok(error > 1e-3, `relative error ${error}: no longer a divergence`);
}

test('the references cover every text-to-image name', () => {
  for (const runs of [oracle.whole, oracle.part, oracle.handOff, oracle.velocity, oracle.schedules])
    assert.deepEqual(Object.keys(runs).sort(), [...names].sort());
});

for (const name of names) {
  test(`${name} follows diffusers at ${steps} steps, call by call`, async () => {
    assertFollows(await runWhole(name), unpack(oracle.whole[name]!));
  });

  test(`${name} follows diffusers from a picture at strength ${img2img.strength}`, async () => {
    assertFollows(await runPart(name), unpack(oracle.part[name]!));
  });

  test(`${name} follows diffusers' code through a hand-off between two steps`, async () => {
    assertFollows(await runHandOff(name), unpack(oracle.handOff[name]!));
  });

  test(`${name} has the timesteps, sigmas and start of diffusers in every spacing`, () => {
    for (const [key, expected] of Object.entries(oracle.schedules[name]!)) {
      const [spacing, count] = key.split(' ');
      const model = noiseTable({ ...oracle.config, timestep_spacing: spacing });
      const { levels, initialScale } = wholeRun(name, model, Number(count));
      const timesteps = floats(expected.timesteps);
      assert.equal(levels.length, timesteps.length + 1, key);
      for (const [i, timestep] of timesteps.entries())
        assert.ok(Math.abs(levels[i]!.timestep - timestep) < 1e-3, `${key}: timestep ${i}`);
      if (expected.sigmas === null) {
        const first = levels[0]!.sigma;
        assert.equal(initialScale, Math.sqrt(first * first + 1));
        continue;
      }
      const scale = expected.initialScale * (expected.initialScale === 1 ? initialScale : 1);
      assert.ok(Math.abs(initialScale / scale - 1) < 1e-6, `${key}: start ${initialScale}`);
      for (const [i, sigma] of floats(expected.sigmas).entries())
        assert.ok(Math.abs(levels[i]!.sigma - sigma) <= 1e-6 * sigma, `${key}: sigma ${i}`);
    }
  });

  if (name === 'PNDM') continue;
  test(`${name} follows diffusers with a velocity-predicting network`, async () => {
    const model = noiseTable({ ...oracle.config, prediction_type: 'v_prediction' });
    assertFollows(await run(name, model, [wholeRun(name, model, steps)]), unpack(oracle.velocity[name]!));
  });
}

const zeroSnr = noiseTable({
  ...oracle.config,
  prediction_type: 'v_prediction',
  rescale_betas_zero_snr: true,
  timestep_spacing: 'trailing',
});

for (const [name, expected] of Object.entries(oracle.zeroSnr))
  test(`${name} follows diffusers from zero terminal signal`, async () => {
    assertFollows(await run(name, zeroSnr, [wholeRun(name, zeroSnr, steps)]), unpack(expected));
  });

for (const [name, expected] of Object.entries(oracle.diverging.zeroSnr))
  test(`known divergence: ${name} keeps the last sigma finite at zero terminal signal, diffusers does not`, async () => {
    const ours = await run(name, zeroSnr, [wholeRun(name, zeroSnr, steps)]);
    const error = relativeDistance(ours.latents, unpack(expected).latents);
    assert.ok(error > 1e-5 && error < 1e-2, `relative error ${error}`);
  });

test('known divergence: PNDM makes noise of each velocity, diffusers of their sum', async () => {
  const model = noiseTable({ ...oracle.config, prediction_type: 'v_prediction' });
  const ours = await run('PNDM', model, [wholeRun('PNDM', model, steps)]);
  assertDiverges(ours, unpack(oracle.velocity.PNDM!));
});

for (const name of ['LMS', 'PNDM'])
  test(`known divergence: ${name} entered mid-schedule knows that it has no history, in diffusers it does not`, async () => {
    assertDiverges(await runPart(name), unpack(oracle.diverging.part[name]!));
    assertDiverges(await runHandOff(name), unpack(oracle.diverging.handOff[name]!));
  });

for (const name of ['Heun', 'DPM2 Karras', 'DPM2 a Karras'])
  test(`known divergence: ${name} hands off between two steps, diffusers inside one`, async () => {
    const [ours, theirs] = [await runHandOff(name), unpack(oracle.diverging.handOff[name]!)];
    assert.notDeepEqual([...ours.timesteps], [...theirs.timesteps]);
    assertDiverges(ours, theirs);
  });

for (const name of ['DDIM', 'PNDM'])
  test(`known divergence: ${name} steps to the next timestep of a trailing grid, diffusers to 1000 / N below`, async () => {
    const model = noiseTable({ ...oracle.config, timestep_spacing: 'trailing' });
    const ours = await run(name, model, [wholeRun(name, model, img2img.steps)]);
    assertDiverges(ours, unpack(oracle.diverging.trailing[name]!));
  });

test('the training tables equal those of diffusers', () => {
  const configs: Readonly<Record<string, SchedulerConfig>> = {
    sdxl: {},
    'zero terminal snr': { rescale_betas_zero_snr: true },
    cosine: { beta_schedule: 'squaredcos_cap_v2' },
    linear: { beta_schedule: 'linear' },
  };
  assert.deepEqual(Object.keys(configs), Object.keys(oracle.tables));
  for (const [name, changes] of Object.entries(configs)) {
    const { cumulativeAlphas } = noiseTable({ ...oracle.config, ...changes });
    const expected = floats(oracle.tables[name]!);
    if (changes.rescale_betas_zero_snr !== true) {
      assert.deepEqual(cumulativeAlphas, expected, name);
      continue;
    }
    // The rescaling takes square roots, which torch's vector code rounds differently from machine to machine.
    for (const [timestep, alpha] of expected.entries()) {
      const error = Math.abs(cumulativeAlphas[timestep]! / alpha - 1);
      assert.ok(error < 1e-5, `${name}: ${cumulativeAlphas[timestep]} at timestep ${timestep}, not ${alpha}`);
    }
  }
});
