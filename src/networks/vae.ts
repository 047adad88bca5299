import type { Component } from '../checkpoints/checkpoint.ts';
import type { VaeConfig } from '../checkpoints/configs/vae-config.ts';
import { vaeDecoderGraph, vaeEncoderGraph } from '../graphs/vae.ts';
import { layersFor } from './layers-for.ts';
import type { VaeDecoder, VaeEncoder } from './networks.ts';
import type { Device } from './runtime/device.ts';
import { type NetworkOptions, openSession } from './runtime/session.ts';
import { floatsOf, floatTensor, requireSize } from './runtime/tensors.ts';
import { vaeGeometry } from './vae-geometry.ts';

function graphs(config: VaeConfig, device: Device) {
  const layers = layersFor(device, 'float32');
  const encoder = vaeEncoderGraph(config, layers);
  const decoder = vaeDecoderGraph(config, layers);
  return { encoder, decoder, tensors: new Map([...encoder.tensors, ...decoder.tensors]) };
}

/** Loads the encoding half of an AutoencoderKL. @throws CheckpointError or Error as openSession does. */
export async function openVaeEncoder(
  component: Component<VaeConfig>,
  options: NetworkOptions,
): Promise<VaeEncoder> {
  const { config, name } = component;
  const { encoder, tensors } = graphs(config, options.device);
  const session = await openSession(component, encoder, options, { tensors, blockedLayout: true });
  const shape = vaeGeometry(config);

  return {
    ...shape,
    release: session.release,
    async encode(pixels, height, width) {
      requireSize(`${name}: height`, height);
      requireSize(`${name}: width`, width);
      if (height % shape.factor !== 0 || width % shape.factor !== 0)
        throw new Error(
          `${name}: pixels are ${height} x ${width}; both sides must be multiples of ${shape.factor}`,
        );
      const input = floatTensor(`${name}: pixels`, pixels, [1, config.in_channels, height, width]);
      return floatsOf(await session.run({ pixels: input }), 'moments');
    },
  };
}

/** Loads the decoding half of an AutoencoderKL. @throws CheckpointError or Error as openSession does. */
export async function openVaeDecoder(
  component: Component<VaeConfig>,
  options: NetworkOptions,
): Promise<VaeDecoder> {
  const { config, name } = component;
  const { decoder, tensors } = graphs(config, options.device);
  const session = await openSession(component, decoder, options, { tensors, blockedLayout: true });

  return {
    ...vaeGeometry(config),
    release: session.release,
    async decode(latents, height, width) {
      requireSize(`${name}: height`, height);
      requireSize(`${name}: width`, width);
      const input = floatTensor(`${name}: latents`, latents, [1, config.latent_channels, height, width]);
      return floatsOf(await session.run({ latents: input }), 'pixels');
    },
  };
}
