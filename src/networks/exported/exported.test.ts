import assert from 'node:assert/strict';
import { linkSync, mkdtempSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import type { Checkpoint } from '../../checkpoints/checkpoint.ts';
import { CheckpointError } from '../../checkpoints/checkpoint-error.ts';
import {
  type ExportedCheckpoint,
  isExportedFolder,
  openExportedFolder,
} from '../../checkpoints/exported/exported-folder.ts';
import { openCheckpoint } from '../../checkpoints/open-checkpoint.ts';
import { writeTinyCheckpoints } from '../../checkpoints/synthetic/tiny-checkpoint.ts';
import { after, before } from '../../testing/hooks.ts';
import { openClipTextEncoder } from '../clip-text-encoder.ts';
import type { ClipTextEncoder, Unet, VaeDecoder, VaeEncoder } from '../networks.ts';
import { oracleIds, oracleNumbers, oracleTimeIds } from '../testing/oracle-inputs.ts';
import { dataName, type ExportStyle, writeExportedFolder } from '../testing/write-exported-folder.ts';
import { openUnet } from '../unet.ts';
import { openVaeDecoder, openVaeEncoder } from '../vae.ts';
import { openExportedTextEncoder } from './exported-text-encoder.ts';
import { openExportedUnet } from './exported-unet.ts';
import { openExportedVaeDecoder, openExportedVaeEncoder } from './exported-vae.ts';

const root = mkdtempSync(path.join(tmpdir(), 'exported-'));
const cpu = { device: 'cpu' } as const;
const checkpoints: Record<string, Checkpoint> = {};
let count = 0;
before(async () => {
  const { base, refiner } = await writeTinyCheckpoints(path.join(root, 'tiny'));
  checkpoints.base = await openCheckpoint(base);
  checkpoints.refiner = await openCheckpoint(refiner);
});
after(() => rmSync(root, { recursive: true }));

function exported(kind: string, style: ExportStyle = {}): string {
  const directory = path.join(root, `${kind}-${count++}`);
  writeExportedFolder(checkpoints[kind]!, directory, style);
  return directory;
}

interface Opened {
  readonly encoders: readonly ClipTextEncoder[];
  readonly unet: Unet;
  readonly encoder: VaeEncoder;
  readonly decoder: VaeDecoder;
}

async function openOwn({ textEncoders, unet, vae, requiresAestheticsScore }: Checkpoint): Promise<Opened> {
  return {
    encoders: await Promise.all(textEncoders.map((component) => openClipTextEncoder(component, cpu))),
    unet: await openUnet(unet, { ...cpu, timeIdCount: requiresAestheticsScore ? 5 : 6 }),
    encoder: await openVaeEncoder(vae, cpu),
    decoder: await openVaeDecoder(vae, cpu),
  };
}

async function openForeign(checkpoint: ExportedCheckpoint): Promise<Opened> {
  const { textEncoders, unet, vaeEncoder, vaeDecoder, requiresAestheticsScore } = checkpoint;
  return {
    encoders: await Promise.all(textEncoders.map((network) => openExportedTextEncoder(network, cpu))),
    unet: await openExportedUnet(unet, { ...cpu, timeIdCount: requiresAestheticsScore ? 5 : 6 }),
    encoder: await openExportedVaeEncoder(vaeEncoder, cpu),
    decoder: await openExportedVaeDecoder(vaeDecoder, cpu),
  };
}

/** Inputs that half precision holds exactly. */
const halves = (shape: number[], seed: number) =>
  Float32Array.from(new Float16Array(oracleNumbers(shape, seed)));

async function outputsOf({ encoders, unet, encoder, decoder }: Opened): Promise<Map<string, Float32Array>> {
  const outputs = new Map<string, Float32Array>();
  for (const [index, each] of encoders.entries()) {
    const { hiddenStates, pooled } = await each.encodePrompt(oracleIds());
    outputs.set(`hidden states ${index}`, hiddenStates);
    if (pooled !== undefined) outputs.set(`pooled ${index}`, pooled);
  }
  const [height, width] = [16, 24];
  outputs.set(
    'noise',
    await unet.predictNoise({
      latents: halves([2, unet.channels, height, width], 1),
      batch: 2,
      height,
      width,
      timestep: 501,
      encoderHiddenStates: halves([2, 154, unet.crossAttentionWidth], 2),
      textEmbeds: halves([2, unet.pooledWidth], 3),
      timeIds: oracleTimeIds[unet.timeIdCount]!,
    }),
  );
  outputs.set('moments', await encoder.encode(halves([1, 3, 64, 96], 5), 64, 96));
  outputs.set('pixels', await decoder.decode(halves([1, decoder.channels, 8, 12], 6), 8, 12));
  for (const each of [...encoders, unet, encoder, decoder]) await each.release();
  return outputs;
}

const expectations: Record<string, Map<string, Float32Array>> = {};

for (const [kind, style, tolerance] of [
  ['base', {}, 1e-5],
  ['refiner', {}, 1e-5],
  ['base', { timestep: 'int64', timestepShape: ['steps'] }, 1e-5],
  ['base', { timestepShape: ['batch_size'], moments: 'moments' }, 1e-5],
  ['base', { floats: 'float16', timestep: 'float16', timestepShape: [1] }, 2e-3],
] as const)
  test(`the ${kind} exported as ${JSON.stringify(style)} gives what its weights give within ${tolerance}`, async (t) => {
    const foreign = await openExportedFolder(exported(kind, style));
    expectations[kind] ??= await outputsOf(await openOwn(checkpoints[kind]!));
    const expected = expectations[kind]!;
    const actual = await outputsOf(await openForeign(foreign));
    assert.deepEqual([...actual.keys()], [...expected.keys()]);
    for (const [name, values] of expected) {
      const made = actual.get(name)!;
      assert.equal(made.length, values.length);
      const largest = (of: Float32Array) => of.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
      const difference = largest(made.map((value, index) => value - values[index]!)) / largest(values);
      t.diagnostic(`${name}: ${difference.toExponential(1)}`);
      assert.ok(difference <= tolerance, `${name} differs by ${difference}`);
    }
  });

test('a folder is exported where it holds an exported UNet and no weights', async () => {
  assert.equal(await isExportedFolder(exported('base')), true);
  assert.equal(await isExportedFolder(checkpoints.base!.directory), false);
  assert.equal(await isExportedFolder(path.join(root, 'nowhere')), false);
});

test('a fractional timestep goes to the nearest of an integer one', async () => {
  const { unet } = await openExportedFolder(exported('base', { timestep: 'int64' }));
  const network = await openExportedUnet(unet, { ...cpu, timeIdCount: 6 });
  const noiseAt = (timestep: number) =>
    network.predictNoise({
      latents: halves([1, 4, 8, 8], 1),
      ...{ batch: 1, height: 8, width: 8, timestep },
      encoderHiddenStates: halves([1, 77, network.crossAttentionWidth], 2),
      textEmbeds: halves([1, network.pooledWidth], 3),
      timeIds: oracleTimeIds[6]!.slice(0, 6),
    });
  assert.deepEqual(await noiseAt(500.6), await noiseAt(501));
  assert.notDeepEqual(await noiseAt(500.6), await noiseAt(500));
  await assert.rejects(noiseAt(Number.NaN), /timestep is NaN/);
  await network.release();
});

test('weights outside the folder are refused before ONNX Runtime sees the model', async () => {
  for (const change of [
    (data: string) => {
      renameSync(data, path.join(root, 'moved'));
      symlinkSync(path.join(root, 'moved'), data);
    },
    (data: string) => linkSync(data, path.join(root, `second-name-${count}`)),
    (data: string) => rmSync(data),
  ]) {
    const directory = exported('base');
    change(path.join(directory, 'vae_decoder', dataName));
    await assert.rejects(
      openExportedFolder(directory),
      (error: Error) =>
        error instanceof CheckpointError && /vae_decoder.model\.onnx: .*model\.onnx_data/.test(error.message),
    );
  }
});

test('an export that lacks what SDXL needs is refused by file and name', async () => {
  const sampled = await openExportedFolder(exported('base', { moments: 'latents' }));
  const { vaeEncoder, unet, vaeDecoder, textEncoders } = sampled;
  const wrong = { ...vaeEncoder, config: { ...vaeEncoder.config, latent_channels: 8 } };
  await assert.rejects(
    openExportedVaeEncoder(wrong, cpu),
    /vae_encoder.model\.onnx: its outputs are latents; needed is latent_parameters/,
  );
  await assert.rejects(
    openExportedUnet({ ...unet, modelFile: vaeDecoder.modelFile }, { ...cpu, timeIdCount: 6 }),
    /vae_decoder.model\.onnx: no input sample; its inputs are latent_sample \(float32\)/,
  );
  await assert.rejects(
    openExportedVaeEncoder({ ...vaeEncoder, modelFile: unet.modelFile }, cpu),
    /unet.model\.onnx: nothing is known about the input encoder_hidden_states; its inputs are sample/,
  );
  const deeper = { ...textEncoders[0]!, config: { ...textEncoders[0]!.config, num_hidden_layers: 9 } };
  await assert.rejects(
    openExportedTextEncoder(deeper, cpu),
    /text_encoder.model\.onnx: no output hidden_states\.8; its outputs are hidden_states\.2 \(float32\)/,
  );
});

test('a missing network and a model that is none are refused by name', async () => {
  const directory = exported('base');
  rmSync(path.join(directory, 'vae_encoder'), { recursive: true });
  await assert.rejects(
    openExportedFolder(directory),
    /the folder of the exported network vae_encoder is missing/,
  );
});
