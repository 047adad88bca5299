import type { UnetConfig } from '../checkpoints/configs/unet-config.ts';
import { graphBuilder, type NetworkGraph, type Sizes, type Value } from './graph.ts';
import type { Flavour } from './layers.ts';
import { resnetBlock } from './resnet-block.ts';
import { transformer } from './transformer.ts';
import { type AddedConditions, timeSignal } from './unet-embedding.ts';

/**
 * UNet2DConditionModel of diffusers with text_time conditioning. Inputs: sample [batch, in_channels, height,
 * width], timestep [1], encoder_hidden_states [batch, tokens, cross_attention_dim], text_embeds [batch,
 * pooled width], time_ids [batch, count], all float32 and every named dimension free unless `sizes` fixes it;
 * output: noise, shaped as sample with out_channels. Any height and width from 2^(levels - 1) up.
 */
export function unetGraph(
  config: UnetConfig,
  flavour: Flavour,
  conditions: AddedConditions,
  sizes?: Sizes,
): NetworkGraph {
  const graph = graphBuilder('unet', sizes);
  const layers = flavour(graph);
  const channels = config.block_out_channels;
  const levels = channels.length;
  const groups = config.norm_num_groups;
  const epsilon = config.norm_eps;

  const sample = graph.input('sample', 'float32', ['batch', config.in_channels, 'height', 'width']);
  const contextWidth = config.cross_attention_dim;
  const context = layers.valuesIn(
    'encoder_hidden_states',
    graph.input('encoder_hidden_states', 'float32', ['batch', 'tokens', contextWidth]),
  );
  const time = timeSignal(graph, layers, config, conditions);

  const resnet = (path: string, map: Value, inChannels: number, outChannels: number) =>
    resnetBlock(layers, path, map, { inChannels, outChannels, groups, epsilon }, time);
  const attend = (path: string, map: Value, level: number, depth: number) =>
    transformer(layers, path, map, {
      channels: channels[level]!,
      heads: config.attention_head_dim[level]!,
      depth,
      groups,
      linearProjection: config.use_linear_projection,
      context,
      contextWidth,
    });

  let width = channels[0]!;
  let map = layers.conv2d('conv_in', layers.imageIn(sample), config.in_channels, width, { kernel: 3 });
  const skips = [{ map, width }];

  for (const [level, type] of config.down_block_types.entries()) {
    const path = `down_blocks.${level}`;
    const outWidth = channels[level]!;
    for (let layer = 0; layer < config.layers_per_block[level]!; layer++) {
      map = resnet(`${path}.resnets.${layer}`, map, width, outWidth);
      width = outWidth;
      if (type === 'CrossAttnDownBlock2D')
        map = attend(
          `${path}.attentions.${layer}`,
          map,
          level,
          config.transformer_layers_per_block[level]![layer]!,
        );
      skips.push({ map, width });
    }
    if (level < levels - 1) {
      map = layers.conv2d(`${path}.downsamplers.0.conv`, map, width, width, { kernel: 3, stride: 2 });
      skips.push({ map, width });
    }
  }

  if (config.mid_block_type !== null) map = resnet('mid_block.resnets.0', map, width, width);
  if (config.mid_block_type === 'UNetMidBlock2DCrossAttn') {
    map = attend('mid_block.attentions.0', map, levels - 1, config.mid_transformer_layers);
    map = resnet('mid_block.resnets.1', map, width, width);
  }

  // The way up holds about as many weights as what came before.
  graph.boundary([
    { value: time.value, precision: layers.precision, shape: ['batch', time.width] },
    ...[{ map, width }, ...skips].map((crossing) => layers.crossing(crossing.map, crossing.width)),
  ]);

  for (const [index, type] of config.up_block_types.entries()) {
    const path = `up_blocks.${index}`;
    const level = levels - 1 - index;
    const outWidth = channels[level]!;
    for (let layer = 0; layer <= config.layers_per_block[level]!; layer++) {
      const skip = skips.pop()!;
      const joined = layers.concatChannels(`${path}.resnets.${layer}`, [map, skip.map]);
      map = resnet(`${path}.resnets.${layer}`, joined, width + skip.width, outWidth);
      width = outWidth;
      if (type === 'CrossAttnUpBlock2D')
        map = attend(
          `${path}.attentions.${layer}`,
          map,
          level,
          config.reverse_transformer_layers_per_block[index]![layer]!,
        );
    }
    if (index < levels - 1) {
      const larger = layers.upsample(`${path}.upsamplers.0`, map, skips.at(-1)!.map);
      map = layers.conv2d(`${path}.upsamplers.0.conv`, larger, width, width, { kernel: 3 });
    }
  }

  const normal = layers.groupNorm('conv_norm_out', map, width, { groups, epsilon, silu: true });
  const noise = layers.conv2d('conv_out', normal, width, config.out_channels, { kernel: 3 });
  graph.output('noise', layers.imageOut(noise), ['batch', config.out_channels, 'height', 'width']);
  return graph.finish();
}
