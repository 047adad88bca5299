import type { VaeConfig } from '../checkpoints/configs/vae-config.ts';
import { type GraphBuilder, graphBuilder, type NetworkGraph, type Sizes, type Value } from './graph.ts';
import type { Flavour, Layers, Scale } from './layers.ts';
import { resnetBlock } from './resnet-block.ts';
import { createWatch, noScales, streamName, type VaeScales, type Watch } from './vae-scales.ts';

/** Fixed in diffusers for every normalisation of an AutoencoderKL. */
const epsilon = 1e-6;

export interface VaeGraphOptions {
  readonly sizes?: Sizes;
  /** By default the network computes with the tensors as they are. */
  readonly scales?: VaeScales;
  /** Gives out the largest absolute values of the activations too, see vaeMagnitudes. */
  readonly watched?: boolean;
}

export type VaeHalf = 'encoder' | 'decoder';

const halves: Readonly<
  Record<VaeHalf, (config: VaeConfig, flavour: Flavour, options: VaeGraphOptions) => Built>
> = { encoder, decoder };

/** Every tensor of an AutoencoderKL: name -> shape. */
export function vaeTensors(config: VaeConfig, flavour: Flavour): NetworkGraph['tensors'] {
  return new Map(Object.values(halves).flatMap((build) => [...build(config, flavour, {}).graph.tensors]));
}

/**
 * Half of an AutoencoderKL: `pixels` to `moments`, or `latents` to `pixels`. Sizes of each: see encoder and
 * decoder below.
 */
export function vaeGraph(
  config: VaeConfig,
  half: VaeHalf,
  flavour: Flavour,
  options: VaeGraphOptions = {},
): NetworkGraph {
  return halves[half](config, flavour, options).graph;
}

/**
 * A half that also gives out `largest`: the largest absolute value of the residual stream and of each
 * residual block's inside, at the places named in that order.
 */
export function vaeMagnitudes(
  config: VaeConfig,
  half: VaeHalf,
  flavour: Flavour,
): { readonly graph: NetworkGraph; readonly places: readonly string[] } {
  return halves[half](config, flavour, { watched: true });
}

/**
 * Pixels [batch, in_channels, height, width] -> moments [batch, 2 x latent_channels, height / factor, width /
 * factor], mean before log variance; ends in quant_conv.
 */
function encoder(config: VaeConfig, flavour: Flavour, options: VaeGraphOptions): Built {
  const { graph, layers, resnet, middle, normOut, stream, finish } = parts(
    'encoder',
    config,
    flavour,
    options,
  );
  const { intoStream, alongStream } = stream;
  const channels = config.block_out_channels;
  const pixels = graph.input('pixels', 'float32', ['batch', config.in_channels, 'height', 'width']);
  const image = layers.imageIn(pixels, channels.length - 1);
  let width = channels[0]!;
  let map = stream.watch(
    layers.conv2d('encoder.conv_in', image, config.in_channels, width, {
      kernel: 3,
      scale: intoStream,
    }),
  );
  for (const [level, outWidth] of channels.entries()) {
    const path = `encoder.down_blocks.${level}`;
    for (let layer = 0; layer < config.layers_per_block; layer++) {
      map = resnet(`${path}.resnets.${layer}`, map, width, outWidth);
      width = outWidth;
    }
    if (level < channels.length - 1) {
      const halve = { kernel: 3, stride: 2, padding: [0, 0, 1, 1], scale: alongStream } as const;
      map = stream.watch(layers.conv2d(`${path}.downsamplers.0.conv`, map, width, width, halve));
    }
  }
  map = normOut(middle(map, width), width);
  const moments = 2 * config.latent_channels;
  map = layers.conv2d('encoder.conv_out', map, width, moments, { kernel: 3 });
  map = layers.conv2d('quant_conv', map, moments, moments, { kernel: 1 });
  graph.output('moments', layers.imageOut(map), ['batch', moments, 'latent_height', 'latent_width']);
  return finish();
}

/**
 * Latents [batch, latent_channels, height, width] -> pixels, factor times larger; begins with
 * post_quant_conv.
 */
function decoder(config: VaeConfig, flavour: Flavour, options: VaeGraphOptions): Built {
  const { graph, layers, resnet, middle, normOut, stream, finish } = parts(
    'decoder',
    config,
    flavour,
    options,
  );
  const { intoStream, alongStream } = stream;
  const channels = config.block_out_channels.toReversed();
  const depth = config.latent_channels;
  const latents = graph.input('latents', 'float32', ['batch', depth, 'height', 'width']);
  let width = channels[0]!;
  let map = layers.conv2d('post_quant_conv', layers.imageIn(latents), depth, depth, { kernel: 1 });
  map = layers.conv2d('decoder.conv_in', map, depth, width, { kernel: 3, scale: intoStream });
  map = middle(stream.watch(map), width);
  for (const [index, outWidth] of channels.entries()) {
    const path = `decoder.up_blocks.${index}`;
    for (let layer = 0; layer <= config.layers_per_block; layer++) {
      map = resnet(`${path}.resnets.${layer}`, map, width, outWidth);
      width = outWidth;
    }
    if (index < channels.length - 1) {
      const larger = layers.upsample(`${path}.upsamplers.0`, map);
      const smooth = { kernel: 3, scale: alongStream } as const;
      map = stream.watch(layers.conv2d(`${path}.upsamplers.0.conv`, larger, width, width, smooth));
    }
  }
  map = normOut(map, width);
  map = layers.conv2d('decoder.conv_out', map, width, config.out_channels, { kernel: 3 });
  graph.output('pixels', layers.imageOut(map), ['batch', config.out_channels, 'pixel_height', 'pixel_width']);
  return finish();
}

interface Built {
  readonly graph: NetworkGraph;
  /** Of the output `largest`; empty where nothing is watched. */
  readonly places: readonly string[];
}

interface Parts {
  readonly graph: GraphBuilder;
  readonly layers: Layers;
  resnet(path: string, map: Value, inChannels: number, outChannels: number): Value;
  /** UNetMidBlock2D: resnet, one-headed self-attention over all pixels, resnet. */
  middle(map: Value, width: number): Value;
  normOut(map: Value, width: number): Value;
  readonly stream: {
    /** Of a layer whose result the residual stream begins with, and of one that it passes through. */
    readonly intoStream: Scale;
    readonly alongStream: Scale;
    /** Gives the map back. */
    watch(map: Value): Value;
  };
  finish(): Built;
}

function parts(
  half: VaeHalf,
  config: VaeConfig,
  flavour: Flavour,
  { sizes, scales = noScales, watched = false }: VaeGraphOptions,
): Parts {
  const graph = graphBuilder(`vae_${half}`, sizes);
  const layers = flavour(graph);
  const groups = config.norm_num_groups;
  const { stream } = scales;
  // A smooth picture's first maps lie far from zero, and its moments are what image to image begins with.
  const precise = half === 'encoder';
  const streamEpsilon = epsilon * stream * stream;
  const watch: Watch | undefined = watched ? createWatch(graph) : undefined;
  const seen = (map: Value): Value => {
    watch?.at(streamName, map);
    return map;
  };
  const resnet: Parts['resnet'] = (path, map, inChannels, outChannels) =>
    seen(
      resnetBlock(layers, path, map, {
        ...{ inChannels, outChannels, groups, epsilon, precise },
        scale: { stream, hidden: scales.hidden.get(path) ?? 1 },
        onHidden: (hidden) => watch?.at(path, hidden),
      }),
    );

  const attend = (map: Value, width: number): Value => {
    const path = `${half}.mid_block.attentions.0`;
    const linear = (part: string, x: Value, scale?: Scale) =>
      layers.linear(`${path}.${part}`, x, width, width, true, scale);
    const normal = layers.groupNorm(`${path}.group_norm`, map, width, {
      groups,
      epsilon: streamEpsilon,
      precise,
    });
    const tokens = layers.toTokens(path, normal, width);
    const attended = layers.attention(
      path,
      linear('to_q', tokens),
      linear('to_k', tokens),
      linear('to_v', tokens),
      1,
    );
    const result = linear('to_out.0', attended, { weight: stream, bias: stream });
    return seen(layers.add(path, layers.toMap(path, result, map), map));
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
      layers.groupNorm(`${half}.conv_norm_out`, map, width, {
        groups,
        epsilon: streamEpsilon,
        silu: true,
        precise,
      }),
    stream: {
      intoStream: { weight: stream, bias: stream },
      alongStream: { weight: 1, bias: stream },
      watch: seen,
    },
    finish: () => {
      const places = watch?.finish() ?? [];
      return { graph: graph.finish(), places };
    },
  };
}
