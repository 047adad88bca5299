import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CheckpointError } from '../checkpoint-error.ts';
import { inferUnetConfig } from '../single-file/inferred-configs.ts';
import { parseClipTextConfig } from './clip-text-config.ts';
import { publishedBase } from './published-configs.ts';
import { parseUnetConfig } from './unet-config.ts';
import { parseVaeConfig } from './vae-config.ts';

const unet = (changes: object) => parseUnetConfig({ ...publishedBase.unet, ...changes }, 'config.json');
const vae = (changes: object) => parseVaeConfig({ ...publishedBase.vae, ...changes }, 'config.json');
const clip = (changes: object) =>
  parseClipTextConfig({ ...publishedBase.textEncoders.text_encoder, ...changes }, 'config.json');
const long = (length: number, value: unknown) => Array(length).fill(value);

/** Each made a list, a graph or a table of its size before anything was held against the tensors. */
const huge: [title: string, parse: () => unknown, key: string][] = [
  ['layers of a UNet', () => unet({ layers_per_block: 1e9 }), 'layers_per_block'],
  ['layers of one level', () => unet({ layers_per_block: [2, 2, 1e9] }), 'layers_per_block'],
  ['transformer blocks', () => unet({ transformer_layers_per_block: 1e9 }), 'transformer_layers_per_block'],
  [
    'transformer blocks in sum',
    () => unet({ layers_per_block: 64, transformer_layers_per_block: 64 }),
    'transformer_layers_per_block',
  ],
  ['widths', () => unet({ block_out_channels: [320, 640, 2 ** 40] }), 'block_out_channels'],
  ['levels', () => unet({ block_out_channels: long(1e6, 320) }), 'block_out_channels'],
  ['groups', () => unet({ norm_num_groups: 2 ** 30 }), 'norm_num_groups'],
  ['time embeddings', () => unet({ addition_time_embed_dim: 2 ** 30 }), 'addition_time_embed_dim'],
  ['layers of a VAE', () => vae({ layers_per_block: 1e9 }), 'layers_per_block'],
  ['latent channels', () => vae({ latent_channels: 1e9 }), 'latent_channels'],
  ['levels of a VAE', () => vae({ down_block_types: long(1e6, 'DownEncoderBlock2D') }), 'down_block_types'],
  ['layers of a text encoder', () => clip({ num_hidden_layers: 1e9 }), 'num_hidden_layers'],
  ['tokens', () => clip({ max_position_embeddings: 1e9 }), 'max_position_embeddings'],
  ['a negative vocabulary', () => clip({ vocab_size: -1 }), 'vocab_size'],
];
for (const [title, parse, key] of huge)
  test(`a config with numbers no network has (${title}) is refused by its key, before memory is taken`, () => {
    const before = process.memoryUsage.rss();
    assert.throws(
      parse,
      (error) => error instanceof CheckpointError && error.message.startsWith(`config.json: ${key} is `),
    );
    assert.ok(process.memoryUsage.rss() - before < 200 * 2 ** 20);
  });

test('a value nested deeper than the stack is refused by its key', () => {
  let deep: unknown = 1;
  for (let depth = 0; depth < 100_000; depth++) deep = [deep];
  assert.throws(() => unet({ act_fn: deep }), /config\.json: act_fn is too deep to show; only "silu"/);
});

test('a tensor name that counts to a thousand million is refused by name', () => {
  const location = { file: 'x.safetensors', byteOffset: 0, byteLength: 2, dtype: 'F16', shape: [1] } as const;
  const name = 'down_blocks.999999999.resnets.0.conv2.weight';
  assert.throws(
    () => inferUnetConfig(new Map([[name, location]]), 'x.safetensors', { pooledWidth: 1, timeIds: 6 }),
    /x\.safetensors: tensor "down_blocks\.999999999\..*" has no place/,
  );
});
