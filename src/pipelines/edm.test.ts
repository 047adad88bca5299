import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { writeTinyCheckpoints } from '../checkpoints/synthetic/tiny-checkpoint.ts';
import { loadModels } from '../installation/load-models.ts';
import { unscaledLatents } from '../networks/networks.ts';
import { findScheduler } from '../schedulers/registry.ts';
import { createEmbeddingCache } from './conditioning/embedding-cache.ts';
import { imageToImage } from './image-to-image.ts';
import type { Models } from './models.ts';
import type { Picture, StepDone } from './sampling/sampling.ts';
import { createStopwatch } from './stopwatch.ts';
import { textToImage } from './text-to-image.ts';

/** What scripts/maintainers/make-oracles/pipelines-edm.py recorded of diffusers 0.42.1. */
interface Oracle {
  sha256: Record<string, string>;
  inputPixels: string;
  runs: {
    title: string;
    scheduler: string;
    schedulerConfig: Record<string, unknown>;
    vaeConfig: Record<string, unknown>;
    steps: number;
    strength: number | null;
    guidanceScale: number;
    height: number;
    width: number;
    prompt: string;
    negativePrompt: string;
    seed: number;
    timesteps: number[];
    latents: string;
    unscaled: string;
  }[];
}
const oracle: Oracle = JSON.parse(
  gunzipSync(readFileSync(path.join(import.meta.dirname, 'oracles/pipelines-edm.json.gz'))).toString(),
);
const directory = mkdtempSync(path.join(tmpdir(), 'edm-'));
let tiny = '';
before(async () => {
  tiny = (await writeTinyCheckpoints(directory)).base;
});
after(() => rmSync(directory, { recursive: true }));

const editJson = (file: string, change: (json: object) => object) =>
  writeFileSync(file, JSON.stringify(change(JSON.parse(readFileSync(file, 'utf8')))));

/** The tiny base with another scheduler_config.json and other keys in its VAE's config. */
async function modelsOf(schedulerConfig: object, vaeConfig: object): Promise<Models> {
  const copy = mkdtempSync(path.join(directory, 'copy-'));
  cpSync(tiny, copy, { recursive: true });
  editJson(path.join(copy, 'scheduler/scheduler_config.json'), () => schedulerConfig);
  editJson(path.join(copy, 'vae/config.json'), (json) => ({ ...json, ...vaeConfig }));
  return loadModels(copy, { device: 'cpu' });
}

async function firstPicture(steps: AsyncGenerator<StepDone, Picture[]>): Promise<Picture> {
  let next = await steps.next();
  while (next.done !== true) next = await steps.next();
  return next.value[0]!;
}

function assertClose(actual: Float32Array, base64: string): void {
  const bytes = Buffer.from(base64, 'base64');
  const expected = new Float32Array(new Uint8Array(bytes).buffer);
  assert.equal(actual.length, expected.length);
  const largest = expected.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  const error = actual.reduce((most, value, i) => Math.max(most, Math.abs(value - expected[i]!)), 0);
  assert.ok(error < 1e-3 * largest, `differs by ${error / largest} of the largest value`);
}

test('the oracle was made with the checkpoint of this tree', () => {
  for (const [file, expected] of Object.entries(oracle.sha256)) {
    const bytes = readFileSync(path.join(directory, file));
    assert.equal(createHash('sha256').update(bytes).digest('hex'), expected, file);
  }
});

for (const run of oracle.runs)
  test(`EDM as diffusers: ${run.title} (${run.scheduler}, ${run.steps} steps)`, async () => {
    const models = await modelsOf(run.schedulerConfig, run.vaeConfig);
    const timesteps: number[] = [];
    const { unet } = models;
    const observed: Models = {
      ...models,
      unet: {
        ...unet,
        predictNoise: (input) => {
          timesteps.push(input.timestep);
          return unet.predictNoise(input);
        },
      },
    };
    const { height, width } = run;
    const options = {
      ...run,
      samples: 1,
      batch: 1,
      rng: 'torch-cpu',
      emphasis: 'no-norm',
      maxChunks: 16,
      cache: createEmbeddingCache(2 ** 24),
      stopwatch: createStopwatch(),
    } as const;
    const scheduler = findScheduler('sdxl-torch', run.scheduler);
    const { latents } = await firstPicture(
      run.strength === null
        ? textToImage(observed, undefined, { ...options, style: 'base', highNoiseFraction: 1 })
        : imageToImage(
            observed,
            { ...options, pixels: pixelsOf(height, width), strength: run.strength },
            scheduler,
          ),
    );
    // diffusers' last step at the least noise goes from that level to itself.
    const told = run.schedulerConfig.final_sigmas_type === 'sigma_min' ? run.steps - 1 : run.timesteps.length;
    assert.equal(timesteps.length, told);
    for (const [index, timestep] of timesteps.entries())
      assert.ok(Math.abs(timestep - run.timesteps[index]!) < 1e-5, `call ${index}: ${timestep}`);
    assertClose(latents, run.latents);
    assertClose(unscaledLatents(latents, models.vaeDecoder), run.unscaled);
    for (const network of [unet, models.vaeEncoder, models.vaeDecoder]) await network.release();
  });

function pixelsOf(height: number, width: number): Float32Array {
  const bytes = Buffer.from(oracle.inputPixels, 'base64');
  const pixels = new Float32Array(bytes.length);
  for (const [i, value] of bytes.entries())
    pixels[(i % 3) * height * width + Math.floor(i / 3)] = (value / 255) * 2 - 1;
  return pixels;
}

test('a refiner of other latents is refused with the fraction that leaves it out', async () => {
  const { schedulerConfig, vaeConfig, ...run } = oracle.runs[0]!;
  const base = await modelsOf(schedulerConfig, vaeConfig);
  const refiner = await loadModels(path.join(directory, 'tiny-refiner'), { device: 'cpu' });
  const options = {
    ...run,
    samples: 1,
    batch: 1,
    rng: 'torch-cpu',
    emphasis: 'no-norm',
    maxChunks: 16,
    cache: createEmbeddingCache(2 ** 24),
    stopwatch: createStopwatch(),
    style: 'base',
    highNoiseFraction: 0.5,
  } as const;
  await assert.rejects(firstPicture(textToImage(base, refiner, options)), /high_noise_fraction must be 1/);
});
