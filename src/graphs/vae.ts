import type { VaeConfig } from '../checkpoints/configs/vae-config.ts';
import { type GraphBuilder, graphBuilder, type NetworkGraph, type Sizes, type Value } from './graph.ts';
import type { Flavour, Layers } from './layers.ts';
import { resnetBlock } from './resnet-block.ts';

/** Fixed in diffusers for every normalisation of an AutoencoderKL. */
const epsilon = 1e-6;

/**
 * AutoencoderKL's encoder with quant_conv: pixels [batch, in_channels, height, width] -> moments
 * [batch, 2 x latent_channels, height / factor, width / factor], mean before log variance.
 */
export function vaeEncoderGraph(config: VaeConfig, flavour: Flavour, sizes?: Sizes): NetworkGraph {
  const { graph, layers, resnet, middle, normOut } = parts('vae_encoder', 'encoder', config, flavour, sizes);
  const channels = config.block_out_channels;
  const pixels = graph.input('pixels', 'float32', ['batch', config.in_channels, 'height', 'width']);
  let width = channels[0]!;
  let map = layers.conv2d('encoder.conv_in', layers.imageIn(pixels), config.in_channels, width, {
    kernel: 3,
  });
  for (const [level, outWidth] of channels.entries()) {
    const path = `encoder.down_blocks.${level}`;
    for (let layer = 0; layer < config.layers_per_block; layer++) {
      map = resnet(`${path}.resnets.${layer}`, map, width, outWidth);
      width = outWidth;
    }
    if (level < channels.length - 1) {
      const halve = { kernel: 3, stride: 2, padding: [0, 0, 1, 1] } as const;
      map = layers.conv2d(`${path}.downsamplers.0.conv`, map, width, width, halve);
    }
  }
  map = normOut(middle(map, width), width);
  const moments = 2 * config.latent_channels;
  map = layers.conv2d('encoder.conv_out', map, width, moments, { kernel: 3 });
  map = layers.conv2d('quant_conv', map, moments, moments, { kernel: 1 });
  graph.output('moments', layers.imageOut(map), ['batch', moments, 'latent_height', 'latent_width']);
  return graph.finish();
}

/**
 * AutoencoderKL's decoder with post_quant_conv: latents [batch, latent_channels, height, width] -> pixels,
 * factor times larger.
 */
export function vaeDecoderGraph(config: VaeConfig, flavour: Flavour, sizes?: Sizes): NetworkGraph {
  const { graph, layers, resnet, middle, normOut } = parts('vae_decoder', 'decoder', config, flavour, sizes);
  const channels = config.block_out_channels.toReversed();
  const depth = config.latent_channels;
  const latents = graph.input('latents', 'float32', ['batch', depth, 'height', 'width']);
  let width = channels[0]!;
  let map = layers.conv2d('post_quant_conv', layers.imageIn(latents), depth, depth, { kernel: 1 });
  map = layers.conv2d('decoder.conv_in', map, depth, width, { kernel: 3 });
  map = middle(map, width);
  for (const [index, outWidth] of channels.entries()) {
    const path = `decoder.up_blocks.${index}`;
    for (let layer = 0; layer <= config.layers_per_block; layer++) {
      map = resnet(`${path}.resnets.${layer}`, map, width, outWidth);
      width = outWidth;
    }
    if (index < channels.length - 1) {
      const larger = layers.upsample(`${path}.upsamplers.0`, map);
      map = layers.conv2d(`${path}.upsamplers.0.conv`, larger, width, width, { kernel: 3 });
    }
  }
  map = normOut(map, width);
  map = layers.conv2d('decoder.conv_out', map, width, config.out_channels, { kernel: 3 });
  graph.output('pixels', layers.imageOut(map), ['batch', config.out_channels, 'pixel_height', 'pixel_width']);
  return graph.finish();
}

interface Parts {
  readonly graph: GraphBuilder;
  readonly layers: Layers;
  resnet(path: string, map: Value, inChannels: number, outChannels: number): Value;
  /** UNetMidBlock2D: resnet, one-headed self-attention over all pixels, resnet. */
  middle(map: Value, width: number): Value;
  normOut(map: Value, width: number): Value;
}

function parts(
  name: string,
  half: 'encoder' | 'decoder',
  config: VaeConfig,
  flavour: Flavour,
  sizes: Sizes | undefined,
): Parts {
  const graph = graphBuilder(name, sizes);
  const layers = flavour(graph);
  const groups = config.norm_num_groups;
  const resnet: Parts['resnet'] = (path, map, inChannels, outChannels) =>
    resnetBlock(layers, path, map, { inChannels, outChannels, groups, epsilon });

  const attend = (map: Value, width: number): Value => {
    const path = `${half}.mid_block.attentions.0`;
    const linear = (part: string, x: Value) => layers.linear(`${path}.${part}`, x, width, width);
    const normal = layers.groupNorm(`${path}.group_norm`, map, width, { groups, epsilon });
    const tokens = layers.toTokens(path, normal, width);
    const attended = layers.attention(
      path,
      linear('to_q', tokens),
      linear('to_k', tokens),
      linear('to_v', tokens),
      1,
    );
    return layers.add(path, layers.toMap(path, linear('to_out.0', attended), map), map);
  };

  return {
    graph,
    layers,
    resnet,
    middle: (map, width) => {
      const first = resnet(`${half}.mid_block.resnets.0`, map, width, width);
      return resnet(`${half}.mid_block.resnets.1`, attend(first, width), width, width);
    },
    normOut: (map, width) =>
      layers.groupNorm(`${half}.conv_norm_out`, map, width, { groups, epsilon, silu: true }),
  };
}
