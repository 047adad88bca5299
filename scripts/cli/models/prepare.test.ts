import assert from 'node:assert/strict';
import { copyFileSync, mkdtempSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, beforeEach, test } from 'node:test';
import { writeTinyCheckpoints } from '../../../src/checkpoints/synthetic/tiny-checkpoint.ts';
import { listModels } from '../../../src/installation/installation.ts';
import { networkLoaders } from '../../../src/installation/load-models.ts';
import { openModel } from '../../../src/installation/open-model.ts';
import { listReport } from './list.ts';
import { prepare } from './prepare.ts';
import { verify } from './verify.ts';

/** A LoRA of the tiny base model in float32 (scripts/maintainers/make-oracles/loras.py). */
const lora = path.join(import.meta.dirname, '../../../src/checkpoints/loras/oracles/kohya.safetensors');
const root = mkdtempSync(path.join(tmpdir(), 'prepare-'));
let modelsDir = '';
let count = 0;
beforeEach(async () => {
  modelsDir = path.join(root, String(count++));
  await writeTinyCheckpoints(modelsDir, { dtype: 'F32' });
  rmSync(at('tiny-refiner'), { recursive: true });
  copyFileSync(lora, at('tiny-base', 'lora.safetensors'));
});
after(() => rmSync(root, { recursive: true }));

const at = (...names: string[]) => path.join(modelsDir, ...names);
const describe = (manifest: object) =>
  writeFileSync(at('tiny-base', 'model.json'), JSON.stringify({ kind: 'base', ...manifest }));
const withWeight = (weight: number) => describe({ loras: [{ file: 'lora.safetensors', weight }] });
const theModel = async () => (await listModels(modelsDir))[0]!;
const merged = () => readdirSync(at('tiny-base', 'prepared'));

async function largestNoise(): Promise<number> {
  const opened = await openModel(await theModel());
  const outputs = await Array.fromAsync(verify(opened, networkLoaders(opened, { device: 'cpu' }), 64));
  return outputs.find(({ network }) => network === 'UNet')!.largest;
}

test('LoRAs are merged once per weight, change what the UNet says, and leave nothing of an older weight', async () => {
  const plain = await largestNoise();
  withWeight(1);
  const first = await prepare(await theModel());
  assert.equal(first.tensors, 921);
  assert.deepEqual(
    merged().map((name) => statSync(at('tiny-base', 'prepared', name)).size),
    [first.bytesWritten],
  );
  assert.equal((await prepare(await theModel())).bytesWritten, 0);
  const changed = await largestNoise();
  assert.notEqual(changed, plain);

  const [before] = merged();
  withWeight(0.5);
  assert.ok((await prepare(await theModel())).bytesWritten > 0);
  assert.equal(merged().length, 1);
  assert.notEqual(merged()[0], before);
  describe({});
  await prepare(await theModel());
  assert.deepEqual(merged(), []);
  assert.equal(await largestNoise(), plain);
});

test('a prepared folder that is found under another path, as in a container, is not merged again', async () => {
  withWeight(1);
  await prepare(await theModel());
  const elsewhere = `${modelsDir}-mounted`;
  renameSync(modelsDir, elsewhere);
  modelsDir = elsewhere;
  assert.equal((await prepare(await theModel())).bytesWritten, 0);
  assert.equal(merged().length, 1);
});

test('for CUDA the convolution weights are copied once, stay while they fit, and are found when the model is opened for it', async () => {
  const first = await prepare(await theModel(), true);
  assert.ok(first.bytesWritten > 0);
  const names = merged();
  assert.deepEqual(names.map((name) => name.replace(/-[0-9a-f]{16}\./, '.')).sort(), [
    'unet-channels-last.safetensors',
    'vae-channels-last.safetensors',
    'vae-scales.json',
  ]);
  assert.equal((await prepare(await theModel(), true)).bytesWritten, 0);
  assert.equal((await prepare(await theModel())).bytesWritten, 0);
  assert.deepEqual(merged(), names);
  const copies = async (device: 'cpu' | 'cuda:0') => {
    const opened = await openModel(await theModel(), device);
    return 'vae' in opened && opened.unet.channelsLast !== undefined && opened.vae.channelsLast !== undefined;
  };
  assert.equal(await copies('cuda:0'), true);
  assert.equal(await copies('cpu'), false);

  // Other weights: a LoRA that changes a convolution.
  withWeight(1);
  await prepare(await theModel(), true);
  const kinds = merged().map((name) => name.replace(/-[0-9a-f]{16}\..*/, ''));
  assert.deepEqual(kinds.sort(), ['loras', 'unet-channels-last', 'vae-channels-last', 'vae-scales']);
  assert.equal(await copies('cuda:0'), true);
});

test('listing models merges nothing', async () => {
  withWeight(1);
  await listReport(modelsDir);
  assert.deepEqual(readdirSync(at('tiny-base')).includes('prepared'), false);
});

test('LoRAs that cannot be merged where the worker runs are refused with the command that does it', async () => {
  withWeight(1);
  writeFileSync(at('tiny-base', 'prepared'), '');
  await assert.rejects(
    openModel(await theModel()),
    /prepared: the LoRAs cannot be merged here .*prepare tiny-base/,
  );
});

test('a file that the manifest names and that is not there is refused by name', async () => {
  describe({ files: [{ path: 'gone.safetensors' }] });
  await assert.rejects(prepare(await theModel()), /gone\.safetensors: missing/);
});

test('a manifest that says refiner of a base model is refused', async () => {
  describe({ kind: 'refiner', serves: ['sdxl-refiner'] });
  await assert.rejects(
    prepare(await theModel()),
    /model\.json: kind is "refiner", but the checkpoint is a base model/,
  );
});

test('scheduler keys of the manifest replace those of the checkpoint', async () => {
  describe({ scheduler: { prediction_type: 'v_prediction' } });
  const { scheduler } = await openModel(await theModel());
  assert.equal(scheduler.prediction_type, 'v_prediction');
  assert.equal(scheduler.num_train_timesteps, 1000);
});

test("a VAE of another model takes the place of the checkpoint's own", async () => {
  await writeTinyCheckpoints(at('other'), { dtype: 'F32', seed: 7 });
  describe({ vae: '../other/tiny-base/vae' });
  const opened = await openModel(await theModel());
  assert.ok('vae' in opened && opened.vae.directory.endsWith(path.join('other', 'tiny-base', 'vae')));
});
