import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { parseManifest } from '../checkpoints/manifest.ts';
import { openCheckpoint } from '../checkpoints/open-checkpoint.ts';
import { readTensorBytes } from '../checkpoints/safetensors/tensor-values.ts';
import { writeSafetensors } from '../checkpoints/safetensors/write-safetensors.ts';
import { writeTinyCheckpoints } from '../checkpoints/synthetic/tiny-checkpoint.ts';
import { type FewStep, type FewStepKind, fewStepConfig, fewStepProfile } from '../contract/few-steps.ts';
import type { InstalledModel } from '../installation/installation.ts';
import { loadModels } from '../installation/load-models.ts';
import { profileOf } from '../installation/model-profile.ts';
import { openUnmerged } from '../installation/open-model.ts';
import { noiseTable } from '../schedulers/noise-levels/noise-table.ts';
import { after, before } from '../testing/hooks.ts';
import type { Models } from './models.ts';
import { assertMadeWith, firstPicture, floats, runOptions } from './testing/oracle-runs.ts';
import { textToImage } from './text-to-image.ts';

/** What scripts/maintainers/make-oracles/few-steps.py recorded of diffusers' pipeline; explained there. */
interface Run {
  kind: FewStepKind;
  steps: number;
  firstTimestep?: number;
  hasLora?: true;
  guidanceScale: number;
  isTold: boolean;
  eta: number | null;
  seed: number;
  height: number;
  width: number;
  prompt: string;
  timesteps: number[];
  latents: string;
}
const readOracle = (file: string) =>
  JSON.parse(gunzipSync(readFileSync(path.join(import.meta.dirname, 'oracles', file))).toString());
const oracle: { sha256: Record<string, string>; condProj: string; runs: Run[] } =
  readOracle('few-steps.json.gz');
const lower: { runs: Run[] } = readOracle('few-step-loras.json.gz');
const directory = mkdtempSync(path.join(tmpdir(), 'few-steps-'));
let scheduler: Readonly<Record<string, unknown>>;
let installed: (manifest: object) => InstalledModel;
let base: Models;
let told: Models;

/** The base's UNet with the layer that an LCM's has, in a file of its own. */
async function writeToldUnet(checkpoint: string): Promise<void> {
  const { unet } = await openCheckpoint(checkpoint);
  const condProj = { name: 'time_embedding.cond_proj.weight', dtype: 'F32', shape: [16, 8] } as const;
  await writeSafetensors(path.join(directory, 'told.safetensors'), [
    ...[...unet.tensors].map(([name, location]) => ({
      ...{ name, dtype: location.dtype, shape: location.shape },
      async *bytes() {
        yield await readTensorBytes(location);
      },
    })),
    { ...condProj, bytes: () => [Buffer.from(oracle.condProj, 'base64')] },
  ]);
}

before(async () => {
  const directories = await writeTinyCheckpoints(directory);
  installed = (manifest) => ({
    ...{ name: 'tiny', directory, checkpoint: directories.base, serves: ['tiny'] },
    manifest: parseManifest(JSON.stringify({ kind: 'base', ...manifest }), 'model.json'),
  });
  await writeToldUnet(directories.base);
  scheduler = (await openCheckpoint(directories.base)).scheduler;
  base = await loadModels(directories.base, { device: 'cpu' });
  told = await loadModels(installed({ unet: 'told.safetensors' }), { device: 'cpu' });
});
after(() => rmSync(directory, { recursive: true }));

test('the oracle was made with the checkpoint of this tree', () => assertMadeWith(oracle.sha256, directory));

const fewStepOf = ({ kind, steps, firstTimestep }: Run): FewStep => ({
  ...{ kind, steps },
  ...(firstTimestep !== undefined && { firstTimestep }),
});

/** The models as few_step of a manifest has them, with a record of the timesteps that the UNet is told. */
function asCarded(run: Run): { models: Models; timesteps: number[]; batches: number[] } {
  const [timesteps, batches]: [number[], number[]] = [[], []];
  const models = run.isTold ? told : base;
  const { unet } = models;
  return {
    ...{ timesteps, batches },
    models: {
      ...models,
      noise: noiseTable({ ...scheduler, ...fewStepConfig(fewStepOf(run)) }),
      unet: {
        ...unet,
        predictNoise: (input, signal) => {
          timesteps.push(input.timestep);
          batches.push(input.batch);
          return unet.predictNoise(input, signal);
        },
      },
    },
  };
}

// Those with a LoRA: workers/engine/few-step-loras.test.ts.
for (const run of [...oracle.runs, ...lower.runs.filter(({ hasLora }) => !hasLora)]) {
  const { kind, steps, isTold, guidanceScale, firstTimestep } = run;
  const from = firstTimestep === undefined ? '' : ` from ${firstTimestep}`;
  const how = `guidance ${guidanceScale}${isTold ? ' that the UNet is told' : ''}`;
  const what = `${kind}, ${steps} steps${from}, ${how}`;
  test(`as diffusers with the scheduler of its card: ${what}`, async () => {
    const { models, timesteps, batches } = asCarded(run);
    const picture = await firstPicture(
      textToImage(models, undefined, {
        ...{ ...run, ...runOptions(), negativePrompt: '', style: 'base', highNoiseFraction: 1 },
        scheduler: fewStepProfile(fewStepOf(run), isTold).defaults.scheduler!,
        ...(run.eta !== null && { solverOptions: { eta: run.eta } }),
      }),
    );
    assert.deepEqual(timesteps.map(Math.round), run.timesteps);
    // One row a step, and no negative prompt.
    assert.deepEqual(batches, Array(steps).fill(1));
    const expected = floats(run.latents);
    const error = picture.latents.reduce(
      (most, value, i) => Math.max(most, Math.abs(value - expected[i]!)),
      0,
    );
    assert.ok(error < 1e-3, `the final latents differ by ${error}`);
  });
}

test('few_step of a manifest sets the scheduler keys of its card, which the manifest may set otherwise', async () => {
  const schedulerOf = async (manifest: object) => (await openUnmerged(installed(manifest))).scheduler;
  const lightning = await schedulerOf({ few_step: { kind: 'lightning', steps: 1 } });
  assert.deepEqual([lightning.timestep_spacing, lightning.prediction_type], ['trailing', 'sample']);
  const two = await schedulerOf({ few_step: { kind: 'lightning', steps: 2 } });
  assert.deepEqual([two.timestep_spacing, two.prediction_type], ['trailing', scheduler.prediction_type]);
  const own = await schedulerOf({ few_step: 'turbo', scheduler: { timestep_spacing: 'linspace' } });
  assert.equal(own.timestep_spacing, 'linspace');
});

test("a model's defaults and ranges are those of its card, and an LCM's UNet shows itself", async () => {
  const profile = async (manifest: object) => {
    const model = installed(manifest);
    return profileOf(model, await openUnmerged(model));
  };
  const hyper = await profile({ few_step: { kind: 'hyper', steps: 2 }, defaults: { guidance_scale: 0.5 } });
  assert.deepEqual(hyper, {
    defaults: { scheduler: 'DDIM', imageToImageScheduler: 'ddim turbo', steps: 2, guidanceScale: 0.5 },
    ranges: { steps: [1, 100], guidanceScale: [0, 25] },
  });
  assert.deepEqual((await profile({ few_step: 'turbo' }))?.defaults, {
    ...{ scheduler: 'Euler a', imageToImageScheduler: 'euler_ancestral turbo', steps: 1, guidanceScale: 0 },
    ...{ width: 512, height: 512 },
  });
  assert.deepEqual((await profile({ unet: 'told.safetensors' }))?.defaults, {
    ...{ scheduler: 'lcm lcm', steps: 4, guidanceScale: 8 },
  });
  for (const [name, expected] of [
    ['LCMScheduler', 'lcm lcm'],
    ['TCDScheduler', 'tcd lcm'],
  ])
    assert.equal((await profile({ scheduler: { _class_name: name } }))?.defaults.scheduler, expected);
  assert.equal(await profile({}), undefined);
});

test('a checkpoint that names a known release in its metadata is asked as that, unless its manifest speaks', async () => {
  const file = path.join(directory, 'named.safetensors');
  const { unet } = await openCheckpoint(path.join(directory, 'tiny-base'));
  await writeSafetensors(
    file,
    [...unet.tensors].map(([name, location]) => ({
      ...{ name, dtype: location.dtype, shape: location.shape },
      async *bytes() {
        yield await readTensorBytes(location);
      },
    })),
    { 'modelspec.title': 'SDXL Lightning 8 step' },
  );
  const asked = async (manifest: object) => {
    const model = installed({ unet: 'named.safetensors', ...manifest });
    const opened = await openUnmerged(model);
    return [opened.scheduler.timestep_spacing, profileOf(model, opened)?.defaults.steps];
  };
  assert.deepEqual(await asked({}), ['trailing', 8]);
  assert.deepEqual(await asked({ few_step: false }), [scheduler.timestep_spacing, undefined]);
  assert.deepEqual(await asked({ few_step: 'lcm' }), [scheduler.timestep_spacing, 4]);
});

for (const [fewStep, message] of [
  ['fast', /few_step is "fast"; its kind must be one of lightning, turbo, hyper, lcm, tcd, dmd2/],
  [{ kind: 'lightning', steps: 9 }, /its steps must be an integer from 1 to 8/],
  [{ kind: 'hyper', first_timestep: 999 }, /its first_timestep must be an integer from 1 to 998/],
  [{ kind: 'hyper', steps: 2, first_timestep: 800 }, /with a first_timestep its steps must be 1/],
  [{ kind: 'lightning', step: 4 }, /its keys are kind, steps and first_timestep/],
  [4, /its kind must be one of/],
] as const)
  test(`what is no few_step is refused: ${JSON.stringify(fewStep)}`, async () => {
    await assert.rejects(openUnmerged(installed({ few_step: fewStep })), message);
  });
