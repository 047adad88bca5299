import type { JsonObject } from '../json-file.ts';
import { type ConfigReader, configReader } from './config-reader.ts';
import { transformerDepths } from './transformer-depths.ts';

export type DownBlockType = 'DownBlock2D' | 'CrossAttnDownBlock2D';
export type UpBlockType = 'UpBlock2D' | 'CrossAttnUpBlock2D';
export type MidBlockType = 'UNetMidBlock2DCrossAttn' | 'UNetMidBlock2D' | null;

/**
 * config.json of a UNet2DConditionModel under its published keys, with absent keys filled in as the
 * constructor of diffusers 0.42.1 does and "one number or an array" made an array with one entry per level,
 * outermost first.
 */
export interface UnetConfig {
  /** Latent side the network was trained at (128 for SDXL); a hint only. */
  readonly sample_size: number | null;
  readonly in_channels: number;
  readonly out_channels: number;
  readonly flip_sin_to_cos: boolean;
  readonly freq_shift: number;
  readonly down_block_types: readonly DownBlockType[];
  /** UNetMidBlock2D is one resnet without attention; null leaves the middle out. */
  readonly mid_block_type: MidBlockType;
  readonly up_block_types: readonly UpBlockType[];
  readonly block_out_channels: readonly number[];
  /** Resnets per down level; the up level of the same index counted from the end has one more. */
  readonly layers_per_block: readonly number[];
  readonly norm_num_groups: number;
  readonly norm_eps: number;
  readonly cross_attention_dim: number;
  /** Transformer depth by down level, then by layer; levels without attention keep their published number. */
  readonly transformer_layers_per_block: readonly (readonly number[])[];
  readonly mid_transformer_layers: number;
  /** Transformer depth by up level (innermost first), then by layer. */
  readonly reverse_transformer_layers_per_block: readonly (readonly number[])[];
  /**
   * The NUMBER of heads by level: diffusers reads the key so when num_attention_heads is null, as in SDXL.
   */
  readonly attention_head_dim: readonly number[];
  /** true: proj_in and proj_out of a transformer are linear; false: 1x1 convolutions. */
  readonly use_linear_projection: boolean;
  readonly upcast_attention: boolean;
  readonly addition_embed_type: 'text_time';
  readonly addition_time_embed_dim: number;
  /** Time ids x addition_time_embed_dim + pooled prompt width. */
  readonly projection_class_embeddings_input_dim: number;
  /** Width of the guidance scale's embedding that an LCM's UNet is told; null for others. */
  readonly time_cond_proj_dim: number | null;
}

/** Far above SDXL's 2 layers and 32 groups. */
const mostLayers = 64;
const mostGroups = 4096;

/** Half of it are sines, half cosines, so it is even and more than two. */
function conditionWidth(read: ConfigReader): number {
  const width = read.integer('time_cond_proj_dim', undefined, mostGroups);
  if (width < 4 || width % 2 !== 0) read.fail('time_cond_proj_dim', 'it must be an even number from 4');
  return width;
}

/** @throws CheckpointError naming the file, the key and a value that the network builder does not support. */
export function parseUnetConfig(json: JsonObject, file: string): UnetConfig {
  const read = configReader(json, file);
  read.only('_class_name', 'UNet2DConditionModel');
  for (const key of [
    'encoder_hid_dim',
    'encoder_hid_dim_type',
    'num_attention_heads',
    'class_embed_type',
    'num_class_embeds',
    'time_embedding_dim',
    'time_embedding_act_fn',
    'timestep_post_act',
    'cross_attention_norm',
  ])
    read.only(key, null);
  for (const key of [
    'center_input_sample',
    'only_cross_attention',
    'dual_cross_attention',
    'resnet_skip_time_act',
    'class_embeddings_concat',
    'mid_block_only_cross_attention',
  ])
    read.only(key, false);
  read.only('downsample_padding', 1);
  read.only('mid_block_scale_factor', 1);
  read.only('resnet_out_scale_factor', 1);
  read.only('conv_in_kernel', 3);
  read.only('conv_out_kernel', 3);
  read.only('act_fn', 'silu');
  read.only('resnet_time_scale_shift', 'default');
  read.only('time_embedding_type', 'positional');
  read.only('attention_type', 'default');
  read.only('addition_embed_type', 'text_time', null);

  const channels = read.integers('block_out_channels', [320, 640, 1280, 1280]);
  const levels = channels.length;
  const downTypes = read.listOf<DownBlockType>(
    'down_block_types',
    ['DownBlock2D', 'CrossAttnDownBlock2D'],
    ['CrossAttnDownBlock2D', 'CrossAttnDownBlock2D', 'CrossAttnDownBlock2D', 'DownBlock2D'],
  );
  const upTypes = read.listOf<UpBlockType>(
    'up_block_types',
    ['UpBlock2D', 'CrossAttnUpBlock2D'],
    ['UpBlock2D', 'CrossAttnUpBlock2D', 'CrossAttnUpBlock2D', 'CrossAttnUpBlock2D'],
  );
  if (downTypes.length !== levels) read.fail('down_block_types', `block_out_channels has ${levels} levels`);
  if (upTypes.length !== levels) read.fail('up_block_types', `block_out_channels has ${levels} levels`);
  const layers = read.perLevel('layers_per_block', levels, 2, mostLayers);
  const heads = read.perLevel('attention_head_dim', levels, 8);
  const groups = read.integer('norm_num_groups', 32, mostGroups);
  for (const [level, width] of channels.entries()) {
    if (groups < 1 || width % groups !== 0)
      read.fail('norm_num_groups', `it must divide block_out_channels[${level}] = ${width}`);
    const attends = downTypes[level]!.startsWith('Cross') || upTypes[levels - 1 - level]!.startsWith('Cross');
    if (attends && width % heads[level]! !== 0)
      read.fail(
        'attention_head_dim',
        `the ${heads[level]} heads must divide block_out_channels[${level}] = ${width}`,
      );
  }
  const depths = transformerDepths(read, layers);
  return {
    sample_size: read.raw('sample_size') == null ? null : read.integer('sample_size'),
    in_channels: read.integer('in_channels', 4),
    out_channels: read.integer('out_channels', 4),
    flip_sin_to_cos: read.boolean('flip_sin_to_cos', true),
    freq_shift: read.number('freq_shift', 0),
    down_block_types: downTypes,
    mid_block_type:
      read.raw('mid_block_type') === null
        ? null
        : read.oneOf<Exclude<MidBlockType, null>>(
            'mid_block_type',
            ['UNetMidBlock2DCrossAttn', 'UNetMidBlock2D'],
            'UNetMidBlock2DCrossAttn',
          ),
    up_block_types: upTypes,
    block_out_channels: channels,
    layers_per_block: layers,
    norm_num_groups: groups,
    norm_eps: read.number('norm_eps', 1e-5),
    cross_attention_dim: read.integer('cross_attention_dim', 1280),
    transformer_layers_per_block: depths.down,
    mid_transformer_layers: depths.mid,
    reverse_transformer_layers_per_block: depths.up,
    attention_head_dim: heads,
    use_linear_projection: read.boolean('use_linear_projection', false),
    upcast_attention: read.raw('upcast_attention') == null ? false : read.boolean('upcast_attention'),
    addition_embed_type: 'text_time',
    addition_time_embed_dim: read.integer('addition_time_embed_dim'),
    projection_class_embeddings_input_dim: read.integer('projection_class_embeddings_input_dim'),
    time_cond_proj_dim: read.raw('time_cond_proj_dim') == null ? null : conditionWidth(read),
  };
}
