import assert from 'node:assert/strict';
import { test } from 'node:test';
import { publishedBase, publishedRefiner } from './published-configs.ts';
import { parseUnetConfig } from './unet-config.ts';

const parse = (changes: Record<string, unknown>) =>
  parseUnetConfig({ ...publishedBase.unet, ...changes }, 'unet/config.json');

test('the published base config gives one entry per level, and the way up mirrors the way down', () => {
  const config = parse({});
  assert.deepEqual(config.attention_head_dim, [5, 10, 20]);
  assert.deepEqual(config.layers_per_block, [2, 2, 2]);
  assert.deepEqual(config.transformer_layers_per_block, [
    [1, 1],
    [2, 2],
    [10, 10],
  ]);
  assert.equal(config.mid_transformer_layers, 10);
  assert.deepEqual(config.reverse_transformer_layers_per_block, [
    [10, 10, 10],
    [2, 2, 2],
    [1, 1, 1],
  ]);
  assert.equal(config.upcast_attention, false);
});

test('one depth for all levels, as the refiner has it, is spread over them', () => {
  const config = parseUnetConfig(publishedRefiner.unet, 'unet/config.json');
  assert.deepEqual(config.transformer_layers_per_block, Array(4).fill([4, 4]));
  assert.equal(config.mid_transformer_layers, 4);
});

test('nested depths give every layer its own, with their own way up', () => {
  const config = parse({
    transformer_layers_per_block: [1, [2, 1], [4, 3]],
    reverse_transformer_layers_per_block: [[4, 4, 10], [2, 1, 1], 1],
  });
  assert.deepEqual(config.transformer_layers_per_block, [
    [1, 1],
    [2, 1],
    [4, 3],
  ]);
  assert.equal(config.mid_transformer_layers, 4);
  assert.deepEqual(config.reverse_transformer_layers_per_block, [
    [4, 4, 10],
    [2, 1, 1],
    [1, 1, 1],
  ]);
  assert.throws(
    () => parse({ transformer_layers_per_block: [1, [2, 1], 4] }),
    /transformer_layers_per_block is \[1,\[2,1\],4\]; a nested array needs reverse_transformer_layers_per_block/,
  );
});

test('absent keys take the defaults of the diffusers constructor', () => {
  const { use_linear_projection, norm_eps, layers_per_block, ...rest } = publishedBase.unet;
  assert.ok(use_linear_projection !== undefined && norm_eps !== undefined && layers_per_block !== undefined);
  const config = parseUnetConfig(rest, 'unet/config.json');
  assert.equal(config.use_linear_projection, false);
  assert.equal(config.norm_eps, 1e-5);
  assert.deepEqual(config.layers_per_block, [2, 2, 2]);
});

for (const [key, value, message] of [
  ['act_fn', 'gelu', /unet\/config\.json: act_fn is "gelu"; only "silu" is supported/],
  ['addition_embed_type', null, /addition_embed_type is null; only "text_time"/],
  ['resnet_time_scale_shift', 'scale_shift', /resnet_time_scale_shift is "scale_shift"/],
  ['num_attention_heads', 8, /num_attention_heads is 8; only null/],
  [
    'down_block_types',
    ['DownBlock2D', 'AttnDownBlock2D', 'DownBlock2D'],
    /down_block_types is .*AttnDownBlock2D/,
  ],
  [
    'down_block_types',
    ['DownBlock2D'],
    /down_block_types is \["DownBlock2D"\]; block_out_channels has 3 levels/,
  ],
  ['attention_head_dim', [5, 10], /attention_head_dim is \[5,10\]; the network has 3 levels/],
  ['attention_head_dim', [5, 10, 21], /the 21 heads must divide block_out_channels\[2\] = 1280/],
  ['norm_num_groups', 7, /norm_num_groups is 7; it must divide block_out_channels\[0\] = 320/],
  ['cross_attention_dim', [2048, 2048, 2048], /cross_attention_dim is .*; it must be an integer/],
  ['use_linear_projection', 'yes', /use_linear_projection is "yes"; it must be true or false/],
  ['time_cond_proj_dim', 7, /time_cond_proj_dim is 7; it must be an even number from 4/],
  ['time_cond_proj_dim', 'wide', /time_cond_proj_dim is "wide"; it must be an integer/],
  ['projection_class_embeddings_input_dim', undefined, /projection_class_embeddings_input_dim is absent/],
  ['_class_name', 'UNet2DModel', /_class_name is "UNet2DModel"/],
] as const)
  test(`${key} ${JSON.stringify(value)} is refused by file, key and value`, () => {
    assert.throws(() => parse({ [key]: value }), message);
  });
