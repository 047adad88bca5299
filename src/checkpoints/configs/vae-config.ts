import type { JsonObject } from '../json-file.ts';
import { type ConfigReader, configReader } from './config-reader.ts';

/**
 * config.json of an AutoencoderKL under its published keys, absent ones as the constructor of diffusers
 * 0.42.1 has them.
 */
export interface VaeConfig {
  readonly in_channels: number;
  readonly out_channels: number;
  /**
   * Outermost first; the side shrinks by 2 between levels, so image side / latent side = 2 ** (levels - 1).
   */
  readonly block_out_channels: readonly number[];
  /** Resnets per encoder level; a decoder level has one more. */
  readonly layers_per_block: number;
  readonly latent_channels: number;
  readonly norm_num_groups: number;
  readonly scaling_factor: number;
  /** One per latent channel, or none: what the networks see is (latent - mean) * scaling_factor / std. */
  readonly latents_mean: readonly number[] | null;
  readonly latents_std: readonly number[] | null;
  /** The weights overflow in half precision. */
  readonly force_upcast: boolean;
}

/** Far above every published VAE. */
const mostGroups = 4096;
const mostLayers = 64;
const mostChannels = 1024;

/** @throws CheckpointError naming the file, the key and a value that the network builder does not support. */
export function parseVaeConfig(json: JsonObject, file: string): VaeConfig {
  const read = configReader(json, file);
  read.only('_class_name', 'AutoencoderKL');
  read.only('act_fn', 'silu');
  read.only('shift_factor', null);
  for (const key of ['use_quant_conv', 'use_post_quant_conv', 'mid_block_add_attention'])
    read.only(key, true);
  const channels = read.integers('block_out_channels', [64]);
  const down = read.listOf('down_block_types', ['DownEncoderBlock2D'], ['DownEncoderBlock2D']);
  const up = read.listOf('up_block_types', ['UpDecoderBlock2D'], ['UpDecoderBlock2D']);
  if (down.length !== channels.length)
    read.fail('down_block_types', `block_out_channels has ${channels.length} levels`);
  if (up.length !== channels.length)
    read.fail('up_block_types', `block_out_channels has ${channels.length} levels`);
  const groups = read.integer('norm_num_groups', 32, mostGroups);
  for (const [level, width] of channels.entries())
    if (groups < 1 || width % groups !== 0)
      read.fail('norm_num_groups', `it must divide block_out_channels[${level}] = ${width}`);
  const latentChannels = read.integer('latent_channels', 4, mostChannels);
  const [mean, deviation] = (['latents_mean', 'latents_std'] as const).map((key) =>
    read.raw(key) == null ? null : latentNumbers(read, key, latentChannels),
  ) as [readonly number[] | null, readonly number[] | null];
  if (mean === null && deviation !== null) read.fail('latents_mean', 'latents_std needs it');
  if (mean !== null && deviation === null) read.fail('latents_std', 'latents_mean needs it');
  if (deviation?.some((value) => value <= 0)) read.fail('latents_std', 'it must hold positive numbers');
  return {
    in_channels: read.integer('in_channels', 3),
    out_channels: read.integer('out_channels', 3),
    block_out_channels: channels,
    layers_per_block: read.integer('layers_per_block', 1, mostLayers),
    latent_channels: latentChannels,
    norm_num_groups: groups,
    scaling_factor: read.number('scaling_factor', 0.18215),
    latents_mean: mean,
    latents_std: deviation,
    force_upcast: read.boolean('force_upcast', true),
  };
}

function latentNumbers(read: ConfigReader, key: string, count: number): readonly number[] {
  const value = read.raw(key);
  const isList = Array.isArray(value) && value.length === count && value.every(Number.isFinite);
  return isList ? value : read.fail(key, `it must hold one number for each of ${count} latent channels`);
}
