import type { Value } from './graph.ts';
import type { Layers } from './layers.ts';

export interface ResnetOptions {
  readonly inChannels: number;
  readonly outChannels: number;
  readonly groups: number;
  readonly epsilon: number;
  /** See GroupNormOptions. */
  readonly precise?: boolean;
  /** See vae-scales.ts; by default nothing is scaled. */
  readonly scale?: { readonly stream: number; readonly hidden: number };
  /** Hears of the value between the two convolutions, before its normalisation. */
  readonly onHidden?: (map: Value) => void;
}

/** What a UNet tells every resnet about the time: SiLU(time embedding), [batch, width]. */
export interface TimeSignal {
  readonly value: Value;
  readonly width: number;
}

/**
 * ResnetBlock2D of diffusers: two convolutions around an optional shift by the time embedding, beside a
 * shortcut.
 */
export function resnetBlock(
  layers: Layers,
  path: string,
  map: Value,
  {
    inChannels,
    outChannels,
    groups,
    epsilon,
    precise = false,
    scale = { stream: 1, hidden: 1 },
    onHidden,
  }: ResnetOptions,
  time?: TimeSignal,
): Value {
  const { stream } = scale;
  const norm = (name: string, x: Value, channels: number, of: number) =>
    layers.groupNorm(`${path}.${name}`, x, channels, {
      groups,
      epsilon: epsilon * of * of,
      silu: true,
      precise,
    });
  const conv = (name: string, x: Value, from: number, kernel: number, weight: number, bias: number) =>
    layers.conv2d(`${path}.${name}`, x, from, outChannels, { kernel, scale: { weight, bias } });

  const first = norm('norm1', map, inChannels, stream);
  let hidden = conv('conv1', first, inChannels, 3, scale.hidden, scale.hidden);
  onHidden?.(hidden);
  if (time !== undefined) {
    const shift = layers.linear(`${path}.time_emb_proj`, time.value, time.width, outChannels);
    hidden = layers.addPerChannel(path, hidden, shift);
  }
  hidden = conv('conv2', norm('norm2', hidden, outChannels, scale.hidden), outChannels, 3, stream, stream);
  const shortcut = inChannels === outChannels ? map : conv('conv_shortcut', map, inChannels, 1, 1, stream);
  return layers.add(path, shortcut, hidden);
}
