import type { VaeConfig } from '../checkpoints/configs/vae-config.ts';
import type { VaeGeometry } from './networks.ts';

export function vaeGeometry(config: VaeConfig): VaeGeometry {
  const { latents_mean: mean, latents_std: deviation } = config;
  return {
    factor: 2 ** (config.block_out_channels.length - 1),
    channels: config.latent_channels,
    scalingFactor: config.scaling_factor,
    ...(mean === null || deviation === null ? {} : { latentStatistics: { mean, deviation } }),
  };
}

type Scaling = Pick<VaeGeometry, 'channels' | 'scalingFactor' | 'latentStatistics'>;

/**
 * Latents [channels, ...] as the networks see them, from those of the VAE: times the scaling factor, or
 * (latent - mean) * factor / deviation, as diffusers' SDXL pipelines.
 */
export function scaledLatents(latents: Float64Array, scaling: Scaling): Float32Array {
  const { scalingFactor, latentStatistics } = scaling;
  if (latentStatistics === undefined) return Float32Array.from(latents, (value) => value * scalingFactor);
  const { mean, deviation } = latentStatistics;
  const area = latents.length / scaling.channels;
  return Float32Array.from(latents, (value, index) => {
    const channel = Math.floor(index / area);
    return ((value - mean[channel]!) * scalingFactor) / deviation[channel]!;
  });
}

/** The other direction. */
export function unscaledLatents(latents: Float32Array, scaling: Scaling): Float32Array {
  const { scalingFactor, latentStatistics } = scaling;
  if (latentStatistics === undefined) return latents.map((value) => value / scalingFactor);
  const { mean, deviation } = latentStatistics;
  const area = latents.length / scaling.channels;
  return latents.map((value, index) => {
    const channel = Math.floor(index / area);
    return (value * deviation[channel]!) / scalingFactor + mean[channel]!;
  });
}
