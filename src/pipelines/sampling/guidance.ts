import type { Unet } from '../../networks/networks.ts';
import type { NoiseTable } from '../../schedulers/noise-levels/noise-table.ts';
import type { Preconditioning } from '../../schedulers/noise-levels/preconditioning.ts';
import type { Estimates, NoiseLevel, Schedule } from '../../schedulers/scheduler.ts';
import { isWithin, type RunInterval, runInterval } from '../../schedulers/schedules/run-interval.ts';
import type { Conditioning, PromptEmbeds } from '../conditioning/conditioning.ts';
import type { DenoiseMany } from './lockstep.ts';

/** Latent height and width. */
export interface LatentSize {
  readonly height: number;
  readonly width: number;
}

/** What a request says of guidance. */
export interface GuidanceFields {
  readonly guidanceScale: number;
  /** Share of rescaled guidance. */
  readonly guidanceRescale?: number;
  /** Fractions of the run between which there is any. */
  readonly guidanceStart?: number;
  readonly guidanceEnd?: number;
}

/**
 * The guidance that a request asks for.
 * @param whole the run that image to image or a refiner takes a part of.
 */
export function guidanceOf(whole: Schedule, options: GuidanceFields) {
  const { guidanceScale, guidanceRescale: rescale, guidanceStart = 0, guidanceEnd = 1 } = options;
  return { guidanceScale, rescale, interval: runInterval(whole, guidanceStart, guidanceEnd) };
}

/** The noise levels at which guidance begins and ends on the way down, where it does. */
export function guidanceChanges({ upTo, above }: RunInterval): number[] {
  return [upTo, above].filter((sigma) => Number.isFinite(sigma));
}

export interface GuidanceOptions {
  readonly unet: Unet;
  readonly noise: NoiseTable;
  readonly conditioning: Conditioning;
  readonly guidanceScale: number;
  /** Whether the solver reads guided and unguided predictions apart: both are made whatever the scale. */
  readonly apart?: boolean | undefined;
  /** Share of Lin et al. 2023's rescaled guidance, 0 ... 1; none where absent. */
  readonly rescale?: number | undefined;
  /** Noise levels with guidance (Kynkäänniemi et al. 2024); all where absent. */
  readonly interval?: RunInterval | undefined;
  readonly size: LatentSize;
  /** One row of time ids for the positive and one for the negative half. */
  readonly timeIds: { readonly positive: readonly number[]; readonly negative: readonly number[] };
  /** Ends the work of the UNet (see SamplingOptions). */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Whether a negative prompt takes part. A UNet that is told of the guidance scale guides in one pass.
 * @param apart as in GuidanceOptions.
 */
export function isGuided(unet: Unet, guidanceScale: number, apart: boolean): boolean {
  return unet.timestepCondWidth === undefined && (guidanceScale > 1 || apart);
}

/**
 * A guidance scale as LCM's UNets are told it (Luo et al. 2023, section 4.2): sines and cosines of
 * 1000 * (scale - 1), as get_guidance_scale_embedding of diffusers' LCM pipelines at 0.42.1.
 */
function guidanceEmbedding(guidanceScale: number, width: number): Float32Array {
  const half = width / 2;
  const angles = Array.from(
    { length: half },
    (_, index) => 1000 * (guidanceScale - 1) * Math.exp((-Math.log(10_000) * index) / (half - 1)),
  );
  return Float32Array.from([...angles.map(Math.sin), ...angles.map(Math.cos)]);
}

/**
 * Classifier-free guidance (Ho & Salimans 2022, eq. 6) as one UNet batch [negatives, positives] for any
 * number of samples at the same level; a single pass of the positives where the scale is at most 1. Turns the
 * network's prediction, noise or velocity, into clean latents.
 */
export function guided(options: GuidanceOptions): DenoiseMany {
  const { unet, noise, conditioning, guidanceScale, apart = false, size, timeIds, signal } = options;
  const { rescale = 0, interval } = options;
  const positive: Row = { embeds: conditioning.positive, ids: timeIds.positive };
  const both: readonly Row[] =
    isGuided(unet, guidanceScale, apart) && conditioning.negative !== undefined
      ? [{ embeds: conditioning.negative, ids: timeIds.negative }, positive]
      : [positive];
  const rowsAt = (sigma: number) =>
    interval === undefined || isWithin({ sigma }, interval) ? both : [positive];
  const inputs = new Map<
    string,
    Omit<Parameters<Unet['predictNoise']>[0], 'latents' | 'target' | 'timestep'>
  >();

  const told =
    unet.timestepCondWidth === undefined
      ? undefined
      : guidanceEmbedding(guidanceScale, unet.timestepCondWidth);
  const inputsFor = (rows: readonly Row[], samples: number) => {
    const key = `${rows.length} ${samples}`;
    let input = inputs.get(key);
    if (input === undefined) {
      const repeated = rows.flatMap((row) => Array.from({ length: samples }, () => row));
      input = {
        batch: repeated.length,
        height: size.height,
        width: size.width,
        encoderHiddenStates: concatenate(repeated.map(({ embeds }) => embeds.hiddenStates)),
        textEmbeds: concatenate(repeated.map(({ embeds }) => embeds.pooled)),
        timeIds: Float32Array.from(repeated.flatMap(({ ids }) => ids)),
        ...(told && { timestepCond: concatenate(repeated.map(() => told)) }),
      };
      inputs.set(key, input);
    }
    return input;
  };

  /** Arrays that a call of the network has done with, by their length: see UnetInput. */
  const spare: { readonly latents: Float32Array; readonly target: Float32Array }[] = [];

  /** @param use made of each sample's prediction before its memory is another's. */
  const predict = async <Made>(
    samples: readonly Float32Array[],
    { sigma, timestep }: NoiseLevel,
    use: (prediction: Prediction, sample: Float32Array) => Made,
  ): Promise<Made[]> => {
    const length = samples[0]!.length;
    const rows = rowsAt(sigma);
    const input = inputsFor(rows, samples.length);
    const inputScale = noise.preconditioningAt(sigma).input;
    const whole = input.batch * length;
    const at = spare.findIndex(({ latents }) => latents.length === whole);
    const arrays =
      at < 0
        ? { latents: new Float32Array(whole), target: new Float32Array(whole) }
        : spare.splice(at, 1)[0]!;
    const { latents } = arrays;
    for (const [index, sample] of samples.entries())
      for (let i = 0; i < length; i++) latents[index * length + i] = sample[i]! * inputScale;
    if (rows.length === 2) latents.copyWithin(whole / 2, 0, whole / 2);
    const prediction = await unet.predictNoise({ ...input, ...arrays, timestep }, signal);
    const part = (index: number) => prediction.subarray(index * length, (index + 1) * length);
    const made = samples.map((sample, index) => {
      const [negative, positive] =
        rows.length === 2 ? [part(index), part(samples.length + index)] : [undefined, part(index)];
      return use({ negative, positive }, sample);
    });
    spare.push(arrays);
    return made;
  };

  const denoise = (samples: readonly Float32Array[], level: NoiseLevel) => {
    const scales = noise.preconditioningAt(level.sigma);
    return predict(samples, level, (prediction, sample) =>
      cleanLatents(sample, withGuidance(prediction, guidanceScale, rescale), scales),
    );
  };
  if (!apart) return denoise;
  return Object.assign(denoise, {
    apart: (samples: readonly Float32Array[], level: NoiseLevel) => {
      const scales = noise.preconditioningAt(level.sigma);
      return predict(samples, level, (prediction, sample): Estimates => {
        const { negative, positive } = prediction;
        const unguided = cleanLatents(sample, negative ?? positive, scales);
        return {
          unguided,
          guided: cleanLatents(sample, withGuidance(prediction, guidanceScale, rescale), scales),
        };
      });
    },
  });
}

interface Row {
  readonly embeds: PromptEmbeds;
  readonly ids: readonly number[];
}

/** The network's output for the prompt and, where there is guidance, for the negative prompt. */
interface Prediction {
  readonly negative: Float32Array | undefined;
  readonly positive: Float32Array;
}

/**
 * Guidance of both, written over the negative one; the positive one alone where there is no other. `rescale`
 * takes that share of the result scaled to the positive one's deviation (Lin et al. 2023, eq. 15-16).
 */
function withGuidance(
  { negative, positive }: Prediction,
  guidanceScale: number,
  rescale: number,
): Float32Array {
  if (negative === undefined) return positive;
  for (let i = 0; i < negative.length; i++) negative[i]! += guidanceScale * (positive[i]! - negative[i]!);
  if (rescale === 0) return negative;
  const factor = rescale * (deviation(positive) / deviation(negative)) + 1 - rescale;
  for (let i = 0; i < negative.length; i++) negative[i]! *= factor;
  return negative;
}

/** Standard deviation of a sample's values, of n - 1 degrees of freedom as torch's std. */
function deviation(values: Float32Array): number {
  let sum = 0;
  for (const value of values) sum += value;
  const mean = sum / values.length;
  let squares = 0;
  for (const value of values) squares += (value - mean) ** 2;
  return Math.sqrt(squares / (values.length - 1));
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
