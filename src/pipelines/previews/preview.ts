import type { LatentPicture } from '../sampling/sampling.ts';
import type { LatentColours } from './latent-colours.ts';

/** Pixels [3, height, width] around -1 ... 1, one for each latent position. */
export interface Preview {
  readonly pixels: Float32Array;
  readonly width: number;
  readonly height: number;
}

/** A small picture of latents without the VAE: a projection that costs about as much as copying them. */
export function latentPreview(
  { values, channels, height, width }: LatentPicture,
  { factors, bias }: LatentColours,
): Preview {
  const area = height * width;
  const pixels = new Float32Array(3 * area);
  for (let color = 0; color < 3; color++) {
    for (let i = 0; i < area; i++) {
      let sum = bias[color]!;
      for (let channel = 0; channel < channels; channel++)
        sum += values[channel * area + i]! * factors[channel]![color]!;
      pixels[color * area + i] = sum;
    }
  }
  return { pixels, width, height };
}
