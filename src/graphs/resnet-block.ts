import type { Value } from './graph.ts';
import type { Layers } from './layers.ts';

export interface ResnetOptions {
  readonly inChannels: number;
  readonly outChannels: number;
  readonly groups: number;
  readonly epsilon: number;
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
  { inChannels, outChannels, groups, epsilon }: ResnetOptions,
  time?: TimeSignal,
): Value {
  const norm = (name: string, x: Value, channels: number) =>
    layers.groupNorm(`${path}.${name}`, x, channels, { groups, epsilon, silu: true });
  const conv = (name: string, x: Value, from: number, kernel: number) =>
    layers.conv2d(`${path}.${name}`, x, from, outChannels, { kernel });

  let hidden = conv('conv1', norm('norm1', map, inChannels), inChannels, 3);
  if (time !== undefined) {
    const shift = layers.linear(`${path}.time_emb_proj`, time.value, time.width, outChannels);
    hidden = layers.addPerChannel(path, hidden, shift);
  }
  hidden = conv('conv2', norm('norm2', hidden, outChannels), outChannels, 3);
  const shortcut = inChannels === outChannels ? map : conv('conv_shortcut', map, inChannels, 1);
  return layers.add(path, shortcut, hidden);
}
