import type { Unet } from '../networks/networks.ts';
import type { NoiseTable } from '../schedulers/noise-levels.ts';
import type { Preconditioning } from '../schedulers/preconditioning.ts';
import type { Conditioning, PromptEmbeds } from './conditioning.ts';
import type { DenoiseMany } from './lockstep.ts';

/** Latent height and width. */
export interface LatentSize {
  readonly height: number;
  readonly width: number;
}

export interface GuidanceOptions {
  readonly unet: Unet;
  readonly noise: NoiseTable;
  readonly conditioning: Conditioning;
  readonly guidanceScale: number;
  readonly size: LatentSize;
  /** One row of time ids for the positive and one for the negative half. */
  readonly timeIds: { readonly positive: readonly number[]; readonly negative: readonly number[] };
  /** Ends the work of the UNet (see SamplingOptions). */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Classifier-free guidance (Ho & Salimans 2022, eq. 6) as one UNet batch [negatives, positives] for any
 * number of samples at the same level; a single pass of the positives where the scale is at most 1. Turns the
 * network's prediction, noise or velocity, into clean latents.
 */
export function guided(options: GuidanceOptions): DenoiseMany {
  const { unet, noise, conditioning, guidanceScale, size, timeIds, signal } = options;
  const rows: { embeds: PromptEmbeds; ids: readonly number[] }[] =
    guidanceScale > 1 && conditioning.negative !== undefined
      ? [
          { embeds: conditioning.negative, ids: timeIds.negative },
          { embeds: conditioning.positive, ids: timeIds.positive },
        ]
      : [{ embeds: conditioning.positive, ids: timeIds.positive }];
  const inputs = new Map<number, Omit<Parameters<Unet['predictNoise']>[0], 'latents' | 'timestep'>>();

  const inputsFor = (samples: number) => {
    let input = inputs.get(samples);
    if (input === undefined) {
      const repeated = rows.flatMap((row) => Array.from({ length: samples }, () => row));
      input = {
        batch: repeated.length,
        height: size.height,
        width: size.width,
        encoderHiddenStates: concatenate(repeated.map(({ embeds }) => embeds.hiddenStates)),
        textEmbeds: concatenate(repeated.map(({ embeds }) => embeds.pooled)),
        timeIds: Float32Array.from(repeated.flatMap(({ ids }) => ids)),
      };
      inputs.set(samples, input);
    }
    return input;
  };

  return async (samples, level) => {
    const { sigma, timestep } = level;
    const length = samples[0]!.length;
    const input = inputsFor(samples.length);
    const scales = noise.preconditioningAt(sigma);
    const inputScale = scales.input;
    const latents = new Float32Array(input.batch * length);
    for (let row = 0; row < input.batch; row++) {
      const sample = samples[row % samples.length]!;
      const offset = row * length;
      for (let i = 0; i < length; i++) latents[offset + i] = sample[i]! * inputScale;
    }
    const prediction = await unet.predictNoise({ ...input, latents, timestep }, signal);
    return samples.map((sample, index) => {
      const first = prediction.subarray(index * length, (index + 1) * length);
      if (rows.length === 2) {
        const offset = (samples.length + index) * length;
        for (let i = 0; i < length; i++) first[i]! += guidanceScale * (prediction[offset + i]! - first[i]!);
      }
      return cleanLatents(sample, first, scales);
    });
  };
}

/** x0 from the network's output. */
function cleanLatents(
  latents: Float32Array,
  prediction: Float32Array,
  { skip, output }: Preconditioning,
): Float32Array {
  const clean = new Float32Array(latents.length);
  for (let i = 0; i < clean.length; i++) clean[i] = skip * latents[i]! + output * prediction[i]!;
  return clean;
}

function concatenate(parts: readonly Float32Array[]): Float32Array {
  const whole = new Float32Array(parts.reduce((sum, part) => sum + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    whole.set(part, offset);
    offset += part.length;
  }
  return whole;
}
