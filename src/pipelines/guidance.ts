import type { Unet } from '../networks/networks.ts';
import type { NoiseTable } from '../schedulers/noise-levels.ts';
import type { Preconditioning } from '../schedulers/preconditioning.ts';
import type { Estimates, NoiseLevel } from '../schedulers/scheduler.ts';
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
  /** Whether the solver reads guided and unguided predictions apart: both are made whatever the scale. */
  readonly apart?: boolean | undefined;
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
  const { unet, noise, conditioning, guidanceScale, apart = false, size, timeIds, signal } = options;
  const rows: { embeds: PromptEmbeds; ids: readonly number[] }[] =
    (guidanceScale > 1 || apart) && conditioning.negative !== undefined
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

  const predict = async (samples: readonly Float32Array[], { sigma, timestep }: NoiseLevel) => {
    const length = samples[0]!.length;
    const input = inputsFor(samples.length);
    const inputScale = noise.preconditioningAt(sigma).input;
    const latents = new Float32Array(input.batch * length);
    for (let row = 0; row < input.batch; row++) {
      const sample = samples[row % samples.length]!;
      const offset = row * length;
      for (let i = 0; i < length; i++) latents[offset + i] = sample[i]! * inputScale;
    }
    const prediction = await unet.predictNoise({ ...input, latents, timestep }, signal);
    return samples.map((_, index) => {
      const first = prediction.subarray(index * length, (index + 1) * length);
      const second = prediction.subarray((samples.length + index) * length);
      return rows.length === 2
        ? { negative: first, positive: second }
        : { negative: undefined, positive: first };
    });
  };

  const denoise = async (samples: readonly Float32Array[], level: NoiseLevel) => {
    const scales = noise.preconditioningAt(level.sigma);
    const predictions = await predict(samples, level);
    return predictions.map((prediction, index) =>
      cleanLatents(samples[index]!, withGuidance(prediction, guidanceScale), scales),
    );
  };
  if (!apart) return denoise;
  return Object.assign(denoise, {
    apart: async (samples: readonly Float32Array[], level: NoiseLevel) => {
      const scales = noise.preconditioningAt(level.sigma);
      const predictions = await predict(samples, level);
      return predictions.map((prediction, index): Estimates => {
        const { negative, positive } = prediction;
        const unguided = cleanLatents(samples[index]!, negative ?? positive, scales);
        return {
          unguided,
          guided: cleanLatents(samples[index]!, withGuidance(prediction, guidanceScale), scales),
        };
      });
    },
  });
}

/** The network's output for the prompt and, where there is guidance, for the negative prompt. */
interface Prediction {
  readonly negative: Float32Array | undefined;
  readonly positive: Float32Array;
}

/** Guidance of both, written over the negative one; the positive one alone where there is no other. */
function withGuidance({ negative, positive }: Prediction, guidanceScale: number): Float32Array {
  if (negative === undefined) return positive;
  for (let i = 0; i < negative.length; i++) negative[i]! += guidanceScale * (positive[i]! - negative[i]!);
  return negative;
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
