import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Unet, UnetInput } from '../../networks/networks.ts';
import type { NoiseSource } from '../../numerics/noise-source.ts';
import { noiseTable } from '../../schedulers/noise-levels/noise-table.ts';
import { composedScheduler } from '../../schedulers/samplers.ts';
import { type GuidanceOptions, guidanceOf, guided } from './guidance.ts';
import { lockstep } from './lockstep.ts';

const noise = noiseTable({ beta_start: 0.00085, beta_end: 0.012, beta_schedule: 'scaled_linear' });
const size = { height: 1, width: 2 };
const length = 4 * 2;
const row = (value: number) => ({
  hiddenStates: new Float32Array(3).fill(value),
  pooled: Float32Array.of(value),
});
const conditioning = { positive: row(1), negative: row(-1) };
const timeIds = { positive: [1, 1], negative: [2, 2] };

/** A network whose output is its input times its row's embedding, and what it was asked. */
function network() {
  const asked: UnetInput[] = [];
  const unet: Unet = {
    ...{ channels: 4, crossAttentionWidth: 3, pooledWidth: 1, timeIdCount: 2 },
    predictNoise: async (input) => {
      asked.push(input);
      return input.latents.map(
        (value, i) => value * input.textEmbeds[Math.floor(i / length)]! + 0.1 * (i % length),
      );
    },
    release: async () => {},
  };
  return { unet, asked };
}

function guidance(options: Partial<GuidanceOptions>) {
  const { unet, asked } = network();
  return {
    asked,
    denoise: guided({ unet, noise, conditioning, guidanceScale: 5, size, timeIds, ...options }),
  };
}

const level = noise.levelAt(2);
const samples = [0, 1].map((sample) => Float32Array.from({ length }, (_, i) => Math.cos(i + 3 * sample)));
/** Clean latents for an output of `row * input + 0.1 i`. */
const cleanOf = (sample: Float32Array, embedding: number) =>
  sample.map((value, i) => value - 2 * ((value / Math.sqrt(5)) * embedding + 0.1 * i));

function assertNear(actual: Float32Array, expected: Float32Array) {
  for (const [i, value] of expected.entries())
    assert.ok(Math.abs(actual[i]! - value) < 1e-5, `${actual[i]} for ${value}`);
}

test('guidance goes from the negative prediction past the positive one, in one batch', async () => {
  const { denoise, asked } = guidance({});
  const clean = await denoise(samples, level);
  assert.equal(asked[0]!.batch, 4);
  // -1 + 5 * (1 - -1)
  for (const [i, sample] of samples.entries()) assertNear(clean[i]!, cleanOf(sample, 9));
  assert.equal(denoise.apart, undefined);
});

test('a scale of at most 1 asks for the positive prediction alone', async () => {
  const { denoise, asked } = guidance({ guidanceScale: 1 });
  const [clean] = await denoise([samples[0]!], level);
  assert.equal(asked[0]!.batch, 1);
  assertNear(clean!, cleanOf(samples[0]!, 1));
});

test('taken apart, both predictions are made at any scale, in one batch', async () => {
  const { denoise, asked } = guidance({ guidanceScale: 0.6, apart: true });
  const estimates = await denoise.apart!(samples, level);
  assert.equal(asked[0]!.batch, 4);
  for (const [i, sample] of samples.entries()) {
    assertNear(estimates[i]!.unguided, cleanOf(sample, -1));
    // -1 + 0.6 * (1 - -1)
    assertNear(estimates[i]!.guided, cleanOf(sample, 0.2));
  }
});

test('samples of CFG++ side by side are what each is alone, with half the calls', async () => {
  const silent: NoiseSource = {
    normal: () => assert.fail('no noise'),
    brownian: () => assert.fail('no noise'),
  };
  const { solver, schedule } = composedScheduler('dpmpp_2m_cfg_pp karras')!;
  const run = schedule(noise, 5);
  const last = async (starts: readonly Float32Array[]) => {
    const { denoise, asked } = guidance({ guidanceScale: 0.6, apart: true });
    let latents: Float32Array[] = [];
    const noises = starts.map(() => silent);
    for await (const step of lockstep(solver, denoise, starts, run, noises)) latents = step;
    return { latents, calls: asked.length };
  };
  const together = await last(samples);
  assert.equal(together.calls, 5);
  for (const [i, sample] of samples.entries()) {
    const alone = await last([sample]);
    assert.equal(alone.calls, 5);
    assert.deepEqual(together.latents[i], alone.latents[0]);
  }
});

test('rescaled guidance has the deviation of the positive prediction, by its share', async () => {
  // rescale_noise_cfg of diffusers 0.42.1: noise * std(text) / std(noise), mixed by guidance_rescale
  const outputOf = (embedding: number) =>
    samples[0]!.map((value, i) => (value / Math.sqrt(5)) * embedding + 0.1 * i);
  const deviationOf = (values: Float32Array) => {
    const mean = values.reduce((sum, value) => sum + value) / values.length;
    return Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1));
  };
  const [guidedOutput, positive] = [outputOf(9), outputOf(1)];
  const rescaled = deviationOf(positive) / deviationOf(guidedOutput);
  for (const rescale of [0.7, 1]) {
    const [clean] = await guidance({ rescale }).denoise([samples[0]!], level);
    const factor = rescale * rescaled + 1 - rescale;
    assertNear(
      clean!,
      samples[0]!.map((value, i) => value - 2 * factor * guidedOutput[i]!),
    );
  }
});

test('outside its interval of noise levels there is one prediction alone', async () => {
  const { denoise, asked } = guidance({ interval: { upTo: 5, above: 2 } });
  for (const sigma of [6, 5, 3, 2, 1]) await denoise(samples, noise.levelAt(sigma));
  assert.deepEqual(
    asked.map(({ batch }) => batch),
    [2, 4, 4, 2, 2],
  );
});

test('the interval lies between fractions of the whole run, which is all of it unless said', () => {
  const run = composedScheduler('euler karras')!.schedule(noise, 10);
  const options = { guidanceScale: 5 };
  const sigmas = run.levels.map(({ sigma }) => sigma);
  const part = guidanceOf(run, { ...options, guidanceStart: 0.2, guidanceEnd: 0.65 });
  assert.deepEqual(part.interval, { upTo: sigmas[2], above: sigmas[6] });
  const all = guidanceOf(run, options);
  assert.ok(sigmas.every((sigma) => sigma <= all.interval.upTo && sigma > all.interval.above));
});
