import type { LatentPicture } from './sampling.ts';

/**
 * Red, green and blue (-1 ... 1) of a pixel as a linear function of SDXL's four latent channels, one row for each channel.
 * Values: ComfyUI, comfy/latent_formats.py at 040a3243, `SDXL.latent_rgb_factors` and `latent_rgb_factors_bias`.
 */
const factors = [
  [0.3651, 0.4232, 0.4341],
  [-0.2533, -0.0042, 0.1068],
  [0.1076, 0.1111, -0.0362],
  [-0.3165, -0.2492, -0.2188],
] as const;
const bias = [0.1084, -0.0175, -0.0011] as const;

/** Pixels [3, height, width] around -1 ... 1, one for each latent position. */
export interface Preview {
  readonly pixels: Float32Array;
  readonly width: number;
  readonly height: number;
}

/**
 * A small picture of latents without the VAE: a projection that costs about as much as copying them.
 * @returns undefined for latents that have not SDXL's four channels: nothing is known of their colours.
 */
export function latentPreview({ values, channels, height, width }: LatentPicture): Preview | undefined {
  if (channels !== factors.length) return undefined;
  const area = height * width;
  const pixels = new Float32Array(3 * area);
  for (let color = 0; color < 3; color++) {
    for (let i = 0; i < area; i++) {
      let sum: number = bias[color]!;
      for (let channel = 0; channel < channels; channel++)
        sum += values[channel * area + i]! * factors[channel]![color]!;
      pixels[color * area + i] = sum;
    }
  }
  return { pixels, width, height };
}
