import type { VaeConfig } from '../checkpoints/configs/vae-config.ts';
import type { VaeGeometry } from './networks.ts';

export function vaeGeometry(config: VaeConfig): VaeGeometry {
  return {
    factor: 2 ** (config.block_out_channels.length - 1),
    channels: config.latent_channels,
    scalingFactor: config.scaling_factor,
  };
}
