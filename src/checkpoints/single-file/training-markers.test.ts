import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { after, before } from '../../testing/hooks.ts';
import type { Checkpoint } from '../checkpoint.ts';
import { openCheckpoint } from '../open-checkpoint.ts';
import type { TensorSource } from '../safetensors/write-safetensors.ts';
import { writeCheckpoint } from '../synthetic/checkpoint-writer.ts';
import { type SingleFileOptions, writeSingleFile } from '../synthetic/single-file-writer.ts';
import { tinyBase } from '../synthetic/tiny-configs.ts';

let folder = '';
let opened: Checkpoint;
before(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'training-markers-'));
  await writeCheckpoint(path.join(folder, 'base'), tinyBase, { seed: 0, dtype: 'F16' });
  opened = await openCheckpoint(path.join(folder, 'base'));
});
after(() => rm(folder, { recursive: true }));

let files = 0;
async function single(options: SingleFileOptions): Promise<string> {
  const file = path.join(folder, `single-${files++}.safetensors`);
  await writeSingleFile(file, opened, { configs: true, ...options });
  return file;
}

const empty = (name: string): TensorSource => ({ name, dtype: 'F32', shape: [0], bytes: () => [] });

test('v-prediction markers turn up in the scheduler, and averaged weights and leftovers do not matter', async () => {
  const marked = await openCheckpoint(
    await single({ surplus: [empty('v_pred'), empty('ztsnr'), empty('model_ema.decay')] }),
  );
  assert.deepEqual(
    [marked.scheduler.prediction_type, marked.scheduler.rescale_betas_zero_snr],
    ['v_prediction', true],
  );
  const named = await openCheckpoint(await single({ metadata: { 'modelspec.prediction_type': 'v' } }));
  assert.equal(named.scheduler.prediction_type, 'v_prediction');
  assert.equal(named.scheduler.rescale_betas_zero_snr, undefined);
  const comfy = await openCheckpoint(await single({ metadata: { 'modelspec.predict_key': 'v' } }));
  assert.equal(comfy.scheduler.prediction_type, 'v_prediction');
  const plain = await openCheckpoint(await single({ metadata: { 'modelspec.prediction_type': 'epsilon' } }));
  assert.equal(plain.scheduler.prediction_type, 'epsilon');
});

/** A note of one number or more, as trainers and ComfyUI write them: any float, one number or [4]. */
const note = (name: string, ...numbers: number[]): TensorSource => ({
  name,
  dtype: 'F32',
  shape: numbers.length === 1 ? [] : [numbers.length],
  bytes: () => [new Uint8Array(Float32Array.from(numbers).buffer)],
});

test('the markers of Playground 2.5 give the scheduler and the latents of its published folder', async () => {
  const mean = [-1.6574, 1.886, -1.383, 2.5155];
  const deviation = [8.4927, 5.9022, 6.5498, 5.2299];
  const file = await single({ surplus: [note('edm_mean', ...mean), note('edm_std', ...deviation)] });
  const { scheduler, vae } = await openCheckpoint(file);
  const { _class_name, sigma_data, sigma_min, sigma_max, prediction_type } = scheduler;
  assert.deepEqual(
    [_class_name, sigma_data, sigma_min, sigma_max, prediction_type],
    ['EDMDPMSolverMultistepScheduler', 0.5, 0.002, 80, 'epsilon'],
  );
  assert.equal(vae.config.scaling_factor, 0.5);
  assert.deepEqual(vae.config.latents_mean, mean.map(Math.fround));
  assert.deepEqual(vae.config.latents_std, deviation.map(Math.fround));
});

test('the markers of CosXL give a continuous velocity schedule over their range', async () => {
  const surplus = [note('edm_vpred.sigma_max', 120), note('edm_vpred.sigma_min', 0.25), empty('v_pred')];
  const { scheduler } = await openCheckpoint(await single({ surplus }));
  const { _class_name, sigma_data, sigma_min, sigma_max, prediction_type, sigma_schedule } = scheduler;
  assert.deepEqual(
    [_class_name, sigma_data, sigma_min, sigma_max, prediction_type, sigma_schedule],
    ['EDMEulerScheduler', 1, 0.25, 120, 'v_prediction', 'exponential'],
  );
});

const contradictions: [title: string, options: SingleFileOptions, message: RegExp][] = [
  [
    'a prediction type that is neither',
    { metadata: { 'modelspec.prediction_type': 'x0' } },
    /__metadata__ modelspec\.prediction_type is "x0"; supported are "epsilon" and "v"/,
  ],
  [
    "ComfyUI's key with a type of flow matching",
    { metadata: { 'modelspec.predict_key': 'flow' } },
    /__metadata__ modelspec\.predict_key is "flow"/,
  ],
  [
    'two metadata keys',
    { metadata: { 'modelspec.prediction_type': 'v', 'modelspec.predict_key': 'epsilon' } },
    /modelspec\.prediction_type and modelspec\.predict_key contradict each other/,
  ],
  [
    'a marker and the metadata',
    { surplus: [empty('v_pred')], metadata: { 'modelspec.prediction_type': 'epsilon' } },
    /tensor "v_pred" contradicts __metadata__ modelspec\.prediction_type/,
  ],
  ['half a marker', { surplus: [note('edm_mean', 1, 2, 3, 4)] }, /"edm_mean" stands without "edm_std"/],
  [
    'a lowest level alone',
    { surplus: [note('edm_vpred.sigma_min', 1)] },
    /"edm_vpred\.sigma_min" stands without "edm_vpred\.sigma_max"/,
  ],
  [
    'two kinds of markers',
    { surplus: [note('edm_mean', 1), note('edm_std', 1), empty('v_pred')] },
    /tensor "edm_mean" contradicts tensor "v_pred"/,
  ],
];
for (const [title, options, message] of contradictions)
  test(`a file that says how it was trained by ${title} is refused if unknown or contradicting`, async () => {
    await assert.rejects(openCheckpoint(await single(options)), message);
  });
