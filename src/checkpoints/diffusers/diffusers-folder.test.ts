import assert from 'node:assert/strict';
import { cp, mkdtemp, readFile, rename, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { after, before } from '../../testing/hooks.ts';
import { openCheckpoint } from '../open-checkpoint.ts';
import { requireTensors } from '../require-tensors.ts';
import { writeCheckpoint } from '../synthetic/checkpoint-writer.ts';
import { tinyBase, tinyRefiner } from '../synthetic/tiny-configs.ts';

let folder = '';
before(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'checkpoint-'));
  await writeCheckpoint(path.join(folder, 'base'), tinyBase, { seed: 0, dtype: 'F16' });
  await writeCheckpoint(path.join(folder, 'refiner'), tinyRefiner, { seed: 1, dtype: 'F16' });
});
after(() => rm(folder, { recursive: true }));

let copies = 0;
async function damaged(damage: (directory: string) => Promise<unknown>): Promise<string> {
  const directory = path.join(folder, `copy-${copies++}`);
  await cp(path.join(folder, 'base'), directory, { recursive: true });
  await damage(directory);
  return directory;
}

async function editJson(file: string, change: (json: Record<string, unknown>) => void): Promise<void> {
  const json = JSON.parse(await readFile(file, 'utf8'));
  change(json);
  await writeFile(file, JSON.stringify(json));
}

test('a base checkpoint opens with both encoders, a refiner with the second only', async () => {
  const base = await openCheckpoint(path.join(folder, 'base'));
  assert.equal(base.name, 'base');
  assert.deepEqual(
    base.textEncoders.map(({ name, className }) => [name, className]),
    [
      ['text_encoder', 'CLIPTextModel'],
      ['text_encoder_2', 'CLIPTextModelWithProjection'],
    ],
  );
  assert.deepEqual(base.tokenizerDirectories, [undefined, undefined]);
  assert.deepEqual([base.forceZerosForEmptyPrompt, base.requiresAestheticsScore], [true, false]);
  assert.equal(base.scheduler.timestep_spacing, 'leading');

  const refiner = await openCheckpoint(path.join(folder, 'refiner'));
  assert.deepEqual(
    refiner.textEncoders.map(({ name }) => name),
    ['text_encoder_2'],
  );
  assert.equal(refiner.tokenizerDirectories.length, 1);
  assert.deepEqual([refiner.forceZerosForEmptyPrompt, refiner.requiresAestheticsScore], [false, true]);
});

test('shards, the fp16 variant and the names of transformers 5 give the same tensors', async () => {
  const plain = await openCheckpoint(path.join(folder, 'base'));
  const other = path.join(folder, 'other');
  await writeCheckpoint(other, tinyBase, {
    seed: 0,
    dtype: 'F16',
    maxShardBytes: 500_000,
    variant: 'fp16',
    bareTextEncoderNames: true,
  });
  const variant = await openCheckpoint(other);
  assert.ok(new Set([...variant.unet.tensors.values()].map(({ file }) => file)).size > 1);
  for (const [one, two] of [
    [plain.unet, variant.unet],
    [plain.textEncoders[0]!, variant.textEncoders[0]!],
    [plain.textEncoders[1]!, variant.textEncoders[1]!],
  ] as const) {
    assert.deepEqual([...two.tensors.keys()].sort(), [...one.tensors.keys()].sort());
    requireTensors(two, new Map([...one.tensors].map(([name, { shape }]) => [name, shape])));
  }
});

test("old names of the VAE's attention are published under the new ones", async () => {
  const directory = await damaged(async (copy) => {
    const file = path.join(copy, 'vae', 'diffusion_pytorch_model.safetensors');
    const bytes = await readFile(file);
    const length = Number(bytes.readBigUInt64LE(0));
    const header = bytes.toString('utf8', 8, 8 + length).trimEnd();
    const renamed = Buffer.from(
      header
        .replaceAll('attentions.0.to_q.', 'attentions.0.query.')
        .replaceAll('attentions.0.to_k.', 'attentions.0.key.')
        .replaceAll('attentions.0.to_v.', 'attentions.0.value.')
        .replaceAll('attentions.0.to_out.0.', 'attentions.0.proj_attn.'),
    );
    const prefix = Buffer.alloc(8);
    prefix.writeBigUInt64LE(BigInt(renamed.length));
    await writeFile(file, Buffer.concat([prefix, renamed, bytes.subarray(8 + length)]));
  });
  const plain = await openCheckpoint(path.join(folder, 'base'));
  const old = await openCheckpoint(directory);
  assert.deepEqual([...old.vae.tensors.keys()].sort(), [...plain.vae.tensors.keys()].sort());
});

const refused: [title: string, damage: (directory: string) => Promise<unknown>, message: RegExp][] = [
  [
    'a missing model_index.json',
    (copy) => rm(path.join(copy, 'model_index.json')),
    /copy-\d+\/model_index\.json: missing/,
  ],
  [
    'a component missing from model_index.json',
    (copy) => editJson(path.join(copy, 'model_index.json'), (json) => delete json.vae),
    /model_index\.json: the component vae is missing/,
  ],
  [
    'another pipeline class',
    (copy) =>
      editJson(path.join(copy, 'model_index.json'), (json) => {
        json._class_name = 'StableDiffusionPipeline';
      }),
    /model_index\.json: _class_name is "StableDiffusionPipeline"; it must be one of StableDiffusionXLPipeline/,
  ],
  [
    'a missing component folder',
    (copy) => rm(path.join(copy, 'text_encoder_2'), { recursive: true }),
    /the folder of the component text_encoder_2 is missing/,
  ],
  ['a missing config', (copy) => rm(path.join(copy, 'vae', 'config.json')), /vae\/config\.json: missing/],
  [
    'missing weights',
    (copy) => rm(path.join(copy, 'unet', 'diffusion_pytorch_model.safetensors')),
    /unet: no weights: expected diffusion_pytorch_model\.safetensors/,
  ],
  [
    'pickled weights',
    (copy) =>
      rename(
        path.join(copy, 'unet', 'diffusion_pytorch_model.safetensors'),
        path.join(copy, 'unet', 'diffusion_pytorch_model.bin'),
      ),
    /unet\/diffusion_pytorch_model\.bin: Python pickles can run code and are refused/,
  ],
  [
    'truncated weights',
    (copy) => truncate(path.join(copy, 'unet', 'diffusion_pytorch_model.safetensors'), 1_000_000),
    /diffusion_pytorch_model\.safetensors: truncated: tensor "[\w.]+" ends at/,
  ],
  [
    'a cross-attention width other than that of the encoders',
    (copy) =>
      editJson(path.join(copy, 'unet', 'config.json'), (json) => {
        json.cross_attention_dim = 30;
      }),
    /unet\/config\.json: cross_attention_dim is 30; the text encoders together give 28/,
  ],
  [
    'a base that claims to need an aesthetic score',
    (copy) =>
      editJson(path.join(copy, 'model_index.json'), (json) => {
        json.requires_aesthetics_score = true;
      }),
    /projection_class_embeddings_input_dim is 72; 5 time ids .* need 64/,
  ],
];
for (const [title, damage, message] of refused)
  test(`${title} is refused with its name`, async () => {
    await assert.rejects(openCheckpoint(await damaged(damage)), message);
  });

test('a shard index that leads out of the folder or lies about its shards is refused', async () => {
  const index = { weight_map: { 'conv_in.weight': '../../x.safetensors' } };
  const directory = await damaged(async (copy) => {
    await rm(path.join(copy, 'unet', 'diffusion_pytorch_model.safetensors'));
    await writeFile(
      path.join(copy, 'unet', 'diffusion_pytorch_model.safetensors.index.json'),
      JSON.stringify(index),
    );
  });
  await assert.rejects(
    openCheckpoint(directory),
    /tensor "conv_in\.weight" is mapped to "\.\.\/\.\.\/x\.safetensors"/,
  );
  const sharded = path.join(folder, 'sharded');
  await writeCheckpoint(sharded, tinyBase, { seed: 0, dtype: 'F16', maxShardBytes: 1_000_000 });
  const file = path.join(sharded, 'unet', 'diffusion_pytorch_model.safetensors.index.json');
  await editJson(file, (json) => {
    (json.weight_map as Record<string, string>)['conv_in.extra'] =
      'diffusion_pytorch_model-00001-of-00002.safetensors';
  });
  await assert.rejects(
    openCheckpoint(sharded),
    /00001-of-00002\.safetensors: tensor "conv_in\.extra" is missing/,
  );
});

test('what is neither a folder nor safetensors is refused by name and by content', async () => {
  const file = path.join(folder, 'sdxl.safetensors');
  await writeFile(file, Buffer.from('504b03040a000000000000000000', 'hex'));
  await assert.rejects(openCheckpoint(file), /sdxl\.safetensors: holds a Python pickle/);
  for (const name of ['sdxl.ckpt', 'sdxl.pt', 'sdxl.pth', 'sdxl.bin', 'SDXL.CKPT'])
    await assert.rejects(openCheckpoint(path.join(folder, name)), /Python pickles can run code/);
  await writeFile(path.join(folder, 'sdxl.gguf'), 'GGUF');
  await assert.rejects(openCheckpoint(path.join(folder, 'sdxl.gguf')), /is a folder or a \.safetensors file/);
  await assert.rejects(openCheckpoint(path.join(folder, 'absent')), /absent: no such checkpoint/);
  const base = path.join(folder, 'base');
  await assert.rejects(openCheckpoint(base, { vae: path.join(folder, 'vae.pt') }), /vae\.pt: Python pickles/);
  await assert.rejects(openCheckpoint(base, { vae: path.join(folder, 'vae') }), /vae: no such VAE/);
});

test('tensors missing, misshaped or surplus against what the config calls for are named', async () => {
  const { vae } = await openCheckpoint(path.join(folder, 'base'));
  const expected = new Map([...vae.tensors].map(([name, { shape }]) => [name, shape]));
  requireTensors(vae, expected);
  assert.throws(
    () => requireTensors(vae, new Map([...expected, ['decoder.extra', [1]]])),
    /vae: tensor "decoder\.extra" is missing although the config calls for it/,
  );
  assert.throws(
    () => requireTensors(vae, new Map([...expected, ['quant_conv.bias', [4]]])),
    /diffusion_pytorch_model\.safetensors: tensor "quant_conv\.bias" has shape \[8\] where the config calls for \[4\]/,
  );
  expected.delete('quant_conv.bias');
  expected.delete('quant_conv.weight');
  assert.throws(
    () => requireTensors(vae, expected),
    /tensor "quant_conv\.bias" has no place .* \(and 1 more\)/,
  );
});
