import type { Crossing, GraphBuilder, Precision, Value } from './graph.ts';

/** Powers of two that a layer's tensors are multiplied by, see vae-scales.ts. */
export interface Scale {
  readonly weight: number;
  readonly bias: number;
}

export const unscaled: Scale = { weight: 1, bias: 1 };

export interface Conv2dOptions {
  readonly kernel: number;
  /** By default the tensors are taken as they are. */
  readonly scale?: Scale;
  readonly stride?: number;
  /** Zeros added at the top, left, bottom and right; by default what keeps the size at stride 1. */
  readonly padding?: readonly [top: number, left: number, bottom: number, right: number];
}

export interface GroupNormOptions {
  readonly groups: number;
  readonly epsilon: number;
  /** SiLU follows. */
  readonly silu?: boolean;
  /**
   * Where float32 adds values one by one: as close to float64 as it can be over millions of them, at the
   * price of more passes over the map.
   */
  readonly precise?: boolean;
}

export type Activation = 'silu' | 'gelu' | 'quick_gelu';

/**
 * The layers that the networks are made of. A flavour implements them for one kind of device and is free in
 * how it lays out feature maps between `imageIn` and `imageOut`, so networks touch feature maps through these
 * only. `path` is a module's name in the checkpoint; its tensors are `path`.weight and `path`.bias.
 */
export interface Layers {
  /** What values between the networks' float32 inputs and outputs are. */
  readonly precision: Precision;
  /**
   * A float32 network input [batch, channels, height, width] as a feature map.
   * @param doublings how often the sides of latents were doubled for it.
   */
  imageIn(image: Value, doublings?: number): Value;
  /** A feature map as float32 [batch, channels, height, width]. */
  imageOut(map: Value): Value;
  /** Float32 values that are no feature map, as the layers take them. */
  valuesIn(path: string, values: Value): Value;
  /** Values that are no feature map as float32. */
  valuesOut(path: string, values: Value): Value;
  /** A table of rows to choose from, [rows, width]. */
  table(key: string, rows: number, width: number): Value;
  /** A feature map as a value that crosses a boundary of the graph. */
  crossing(map: Value, channels: number): Crossing;
  /** [..., inWidth] -> [..., outWidth]. */
  linear(path: string, x: Value, inWidth: number, outWidth: number, hasBias?: boolean, scale?: Scale): Value;
  conv2d(path: string, map: Value, inChannels: number, outChannels: number, options: Conv2dOptions): Value;
  /** Over a feature map, with statistics per sample and group. */
  groupNorm(path: string, map: Value, channels: number, options: GroupNormOptions): Value;
  /** Over the last axis. */
  layerNorm(path: string, x: Value, width: number, epsilon: number): Value;
  activation(path: string, kind: Activation, x: Value): Value;
  /** [batch, tokens, 2 width] -> [batch, tokens, width]: the first half times GELU (exact) of the second. */
  geglu(path: string, x: Value): Value;
  /**
   * softmax(q k^T / sqrt(head width)) v over [batch, tokens, width], head by head; causal: no token sees a
   * later one.
   */
  attention(path: string, query: Value, key: Value, value: Value, heads: number, causal?: boolean): Value;
  /** Of two feature maps, or of two [batch, tokens, width], both of the same shape. */
  add(path: string, a: Value, b: Value): Value;
  /** Adds one number per sample and channel, [batch, channels], to a feature map. */
  addPerChannel(path: string, map: Value, shift: Value): Value;
  concatChannels(path: string, maps: readonly Value[]): Value;
  /** Nearest neighbour: twice the size, or the size of the feature map `like`, which may be one less. */
  upsample(path: string, map: Value, like?: Value): Value;
  /** Feature map -> [batch, height x width, channels]. */
  toTokens(path: string, map: Value, channels: number): Value;
  /** [batch, height x width, channels] -> feature map of the size and channels of `like`. */
  toMap(path: string, tokens: Value, like: Value): Value;
}

/** Makes a flavour's layers for one graph. */
export type Flavour = (graph: GraphBuilder) => Layers;
