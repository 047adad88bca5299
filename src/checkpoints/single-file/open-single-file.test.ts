import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { after, before } from '../../testing/hooks.ts';
import type { Checkpoint } from '../checkpoint.ts';
import { openCheckpoint } from '../open-checkpoint.ts';
import { requireTensors } from '../require-tensors.ts';
import { writeCheckpoint } from '../synthetic/checkpoint-writer.ts';
import { type SingleFileOptions, writeSingleFile } from '../synthetic/single-file-writer.ts';
import { tinyBase, tinyRefiner } from '../synthetic/tiny-configs.ts';
import { assertSameNetwork } from '../testing/assert-same-network.ts';
import { copyTensors } from '../testing/copy-tensors.ts';

let folder = '';
const opened = {} as Record<'base' | 'refiner', Checkpoint>;
before(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'single-file-'));
  for (const [name, description, seed] of [
    ['base', tinyBase, 0],
    ['refiner', tinyRefiner, 1],
  ] as const) {
    await writeCheckpoint(path.join(folder, name), description, { seed, dtype: 'F16' });
    opened[name] = await openCheckpoint(path.join(folder, name));
  }
});
after(() => rm(folder, { recursive: true }));

let files = 0;
async function single(kind: 'base' | 'refiner', options: SingleFileOptions = {}): Promise<string> {
  const file = path.join(folder, `single-${files++}.safetensors`);
  await writeSingleFile(file, opened[kind], { configs: true, ...options });
  return file;
}

for (const kind of ['base', 'refiner'] as const)
  test(`a ${kind} as one file has the tensors, numbers, configs and scheduler of the same folder`, async () => {
    const file = await single(kind);
    const actual = await openCheckpoint(file);
    const expected = opened[kind];
    for (const [one, two] of [
      [actual.unet, expected.unet],
      [actual.vae, expected.vae],
      ...actual.textEncoders.map((encoder, index) => [encoder, expected.textEncoders[index]!] as const),
    ] as const)
      await assertSameNetwork(one, two);
    assert.equal(actual.textEncoders.length, expected.textEncoders.length);
    assert.deepEqual(actual.scheduler, expected.scheduler);
    assert.equal(actual.name, path.basename(file, '.safetensors'));
    assert.equal(actual.requiresAestheticsScore, kind === 'refiner');
    assert.equal(actual.forceZerosForEmptyPrompt, kind === 'base');
    assert.equal(actual.tokenizerDirectories.length, expected.tokenizerDirectories.length);
  });

test('networks of SDXL with fewer and narrower layers need no configs in the file', async () => {
  const narrow = {
    ...tinyBase,
    unet: {
      ...tinyBase.unet,
      addition_time_embed_dim: 8,
      attention_head_dim: [1, 2, 2],
      block_out_channels: [64, 128, 128],
      cross_attention_dim: 192,
      norm_num_groups: 32,
      projection_class_embeddings_input_dim: 6 * 8 + 24,
    },
    vae: { ...tinyBase.vae, block_out_channels: [32, 32, 64, 64], norm_num_groups: 32 },
    textEncoders: {
      text_encoder: {
        ...tinyBase.textEncoders.text_encoder,
        hidden_size: 64,
        num_attention_heads: 1,
        projection_dim: 64,
        vocab_size: 600,
      },
      text_encoder_2: {
        ...tinyBase.textEncoders.text_encoder_2,
        hidden_size: 128,
        num_attention_heads: 2,
        vocab_size: 600,
      },
    },
  };
  await writeCheckpoint(path.join(folder, 'narrow'), narrow, { seed: 3, dtype: 'BF16' });
  const expected = await openCheckpoint(path.join(folder, 'narrow'));
  const file = path.join(folder, 'narrow.safetensors');
  await writeSingleFile(file, expected);
  const actual = await openCheckpoint(file);
  assert.deepEqual(actual.unet.config, expected.unet.config);
  assert.deepEqual(actual.vae.config, expected.vae.config);
  assert.deepEqual(
    actual.textEncoders.map(({ config }) => config),
    expected.textEncoders.map(({ config }) => config),
  );
  assert.deepEqual(actual.scheduler, expected.scheduler);
});

test('a pruned UNet, with depths of its own and no attention in the middle, is read off its tensors', async () => {
  const pruned = {
    ...tinyBase,
    unet: {
      ...tinyBase.unet,
      attention_head_dim: [1, 1, 2],
      block_out_channels: [64, 64, 128],
      mid_block_type: 'UNetMidBlock2D',
      norm_num_groups: 32,
      transformer_layers_per_block: [1, [2, 1], [3, 2]],
      reverse_transformer_layers_per_block: [[2, 3, 4], [1, 2, 1], 1],
    },
  };
  await writeCheckpoint(path.join(folder, 'pruned'), pruned, { seed: 4, dtype: 'F16' });
  const expected = await openCheckpoint(path.join(folder, 'pruned'));
  const file = path.join(folder, 'pruned.safetensors');
  const { textEncoders, vae } = tinyBase;
  const metadata = { 'sdxl-server.configs': JSON.stringify({ ...textEncoders, vae }) };
  await writeSingleFile(file, expected, { metadata });
  const { unet } = await openCheckpoint(file);
  assert.deepEqual(unet.config, { ...expected.unet.config, mid_transformer_layers: 3 });
  const shapes = new Map([...expected.unet.tensors].map(([name, { shape }]) => [name, shape]));
  requireTensors(unet, shapes);
});

test('a weight that the file lacks is named when the network is held against it', async () => {
  const whole = await single('base');
  const lacking = path.join(folder, 'lacking.safetensors');
  await copyTensors(whole, lacking, (name) =>
    name === 'model.diffusion_model.input_blocks.4.1.proj_in.bias' ? undefined : name,
  );
  const { unet } = await openCheckpoint(lacking);
  const expected = new Map([...opened.base.unet.tensors].map(([name, { shape }]) => [name, shape]));
  assert.throws(
    () => requireTensors(unet, expected),
    /lacking\.safetensors: tensor "down_blocks\.1\.attentions\.0\.proj_in\.bias" is missing/,
  );
});

test('what is no SDXL checkpoint is refused with what it is', async () => {
  const whole = await single('base');
  const refuse = async (name: string, rename: (name: string) => string | undefined, message: RegExp) => {
    const file = path.join(folder, name);
    await copyTensors(whole, file, rename);
    await assert.rejects(openCheckpoint(file), message);
  };
  await refuse(
    'sd1.safetensors',
    (name) => name.replace(/^conditioner\.embedders\.\d\./, 'cond_stage_model.'),
    /has no text encoder conditioner\.embedders\.0\.model\.\*; files of Stable Diffusion 1 and 2/,
  );
  await refuse(
    'vae-only.safetensors',
    (name) => (name.startsWith('first_stage_model.') ? name : undefined),
    /vae-only\.safetensors: is no SDXL checkpoint: it has no model\.diffusion_model\.\* tensors$/,
  );
  await refuse(
    'lora.safetensors',
    (name) => (name.endsWith('.out.2.bias') ? 'lora_unet_conv_out.alpha' : undefined),
    /has no model\.diffusion_model\.\* tensors \(it is a LoRA\)/,
  );
  await refuse(
    'surplus.safetensors',
    (name) => name.replace('.out.2.bias', '.out.3.bias'),
    /surplus\.safetensors: tensor "model\.diffusion_model\.out\.3\.bias" has no place in an SDXL checkpoint$/,
  );
});

test('configs in the metadata are held to the same rules as files', async () => {
  const refuse = async (configs: string, message: RegExp) =>
    assert.rejects(
      openCheckpoint(await single('base', { configs: false, metadata: { 'sdxl-server.configs': configs } })),
      message,
    );
  await refuse('[', /__metadata__ sdxl-server\.configs: not valid JSON/);
  await refuse('{"lora":{}}', /"lora" is none of unet, vae/);
  await refuse('{"unet":3}', /unet must be an object/);
  await refuse('{"text_encoder":{"hidden_act":"relu"}}', /single-\d+\.safetensors: hidden_act is "relu"/);
  // Without configs, 16 channels cannot be SDXL's 32 groups.
  const bare = await single('base', { configs: false });
  await assert.rejects(openCheckpoint(bare), /num_attention_heads is 0\.1875; it must be an integer/);
});

test('a pickle under the name of a single file or of a VAE is refused by content', async () => {
  const file = path.join(folder, 'pickle.safetensors');
  await writeFile(file, Buffer.from('80027d71002e2e2e00000000', 'hex'));
  await assert.rejects(openCheckpoint(file), /holds a Python pickle/);
  await assert.rejects(openCheckpoint(path.join(folder, 'base'), { vae: file }), /holds a Python pickle/);
});
