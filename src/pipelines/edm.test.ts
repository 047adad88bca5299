import assert from 'node:assert/strict';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { writeTinyCheckpoints } from '../checkpoints/synthetic/tiny-checkpoint.ts';
import { loadModels } from '../installation/load-models.ts';
import { unscaledLatents } from '../networks/networks.ts';
import { findScheduler } from '../schedulers/registry.ts';
import { after, before } from '../testing/hooks.ts';
import { imageToImage } from './image-to-image.ts';
import type { Models } from './models.ts';
import {
  assertMadeWith,
  firstPicture,
  floats,
  pixelsOf,
  relativeError,
  runOptions,
} from './testing/oracle-runs.ts';
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

function assertClose(actual: Float32Array, packed: string): void {
  const error = relativeError(actual, floats(packed));
  assert.ok(error < 1e-3, `differs by ${error} of the largest value`);
}

test('the oracle was made with the checkpoint of this tree', () => assertMadeWith(oracle.sha256, directory));

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
    const options = { ...run, ...runOptions() };
    const scheduler = findScheduler('sdxl-torch', run.scheduler);
    const { latents } = await firstPicture(
      run.strength === null
        ? textToImage(observed, undefined, { ...options, style: 'base', highNoiseFraction: 1 })
        : imageToImage(
            observed,
            { ...options, pixels: pixelsOf(oracle.inputPixels, height, width), strength: run.strength },
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

test('a refiner of other latents is refused with the fraction that leaves it out', async () => {
  const { schedulerConfig, vaeConfig, ...run } = oracle.runs[0]!;
  const base = await modelsOf(schedulerConfig, vaeConfig);
  const refiner = await loadModels(path.join(directory, 'tiny-refiner'), { device: 'cpu' });
  const options = { ...run, ...runOptions(), style: 'base', highNoiseFraction: 0.5 };
  await assert.rejects(firstPicture(textToImage(base, refiner, options)), /high_noise_fraction must be 1/);
});
