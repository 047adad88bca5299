import { createNoiseSource, type NoiseSource } from '../../numerics/noise-source.ts';
import type { RandomAlgorithm } from '../../numerics/random-algorithms.ts';
import type { CacheChoice } from '../../schedulers/caching/cache-kinds.ts';
import type { Evaluations } from '../../schedulers/caching/cached-denoise.ts';
import type { NoiseSettings } from '../../schedulers/noise-levels/noise-table.ts';
import type { SolverOptions } from '../../schedulers/solver-options.ts';
import type { EmphasisMode } from '../../text/emphasis.ts';
import type { Size } from '../canvas.ts';
import type { LoadedEmbedding } from '../conditioning/conditioning.ts';
import type { EmbeddingCache } from '../conditioning/embedding-cache.ts';
import type { ToldSizes } from '../conditioning/time-ids.ts';
import type { Stopwatch } from '../stopwatch.ts';
import type { GuidanceFields, LatentSize } from './guidance.ts';

/** What both pipelines need from a request. */
export interface SamplingOptions extends GuidanceFields {
  readonly prompt: string;
  readonly negativePrompt: string;
  readonly scheduler: string;
  readonly steps: number;
  readonly solverOptions?: SolverOptions;
  /** Of a LoRA of few steps that is merged into the checkpoint; the checkpoint's own noise where absent. */
  readonly fewStepNoise?: NoiseSettings;
  /** Forecasts some evaluations of each sample's UNet; all are computed where absent. */
  readonly stepCache?: CacheChoice;
  /** Seed of sample 0; sample i uses seed + i, or the same seed where there is a variation. */
  readonly seed: number;
  readonly samples: number;
  /**
   * Samples evaluated together in one UNet batch. 1 keeps an image independent of its companions to the bit.
   */
  readonly batch: number;
  readonly rng: RandomAlgorithm;
  /** A second noise that the first is turned towards; see entry-noise.ts. */
  readonly variation?: Variation | undefined;
  /** The size, in pixels, whose noise stands in the middle of the pictures' noise; see entry-noise.ts. */
  readonly seedResizeFrom?: Size | undefined;
  /** What the networks are told of sizes; absent: that of the picture. */
  readonly sizeConditioning?: ToldSizes;
  readonly emphasis: EmphasisMode;
  readonly maxChunks: number;
  readonly cache: EmbeddingCache;
  /** See ConditioningOptions. */
  readonly clipSkip?: number;
  /** Those that the prompts name. */
  readonly loadedEmbeddings?: readonly LoadedEmbedding[];
  readonly stopwatch: Stopwatch;
  /** Ends the work within the operator of a network that is under way, with its reason as the error. */
  readonly signal?: AbortSignal | undefined;
}

export interface Variation {
  /** Seed of the second noise of sample 0; sample i uses seed + i. */
  readonly seed: number;
  /** 0 ... 1: none of it to nothing else. */
  readonly strength: number;
}

/** Step `step` of `steps` is done for samples up to `sample` (counted from 0) of `samples`. */
export interface StepDone {
  readonly sample: number;
  readonly samples: number;
  readonly step: number;
  readonly steps: number;
  /**
   * What the network takes the batch's first picture to be by now; the array belongs to the solver and must
   * be read at once.
   */
  readonly clean: LatentPicture;
}

/** Latents [channels, height, width], scaled as the networks see them. */
export interface LatentPicture extends LatentSize {
  readonly values: Float32Array;
  readonly channels: number;
}

/** One decoded image. */
export interface Picture {
  readonly seed: number;
  /** [3, height, width] around -1 ... 1 */
  readonly pixels: Float32Array;
  readonly height: number;
  readonly width: number;
  /** The size it was made at; larger where it is the middle of that. */
  readonly canvas: Size;
  /**
   * The canvas's final latents as the VAE's decoder sees them before unscaling, [channels, height, width].
   */
  readonly latents: Float32Array;
  /** How many evaluations a step cache has left to the UNet; absent without one. */
  readonly evaluations?: Evaluations;
}

/** Seeds go up to 999,999,999,999,999 in the API; the seeds of further samples stay inside. */
const seedRange = 1_000_000_000_000_000;

/** One sample on its way: its seeds and its own random numbers. */
export interface Sample {
  readonly seed: number;
  /** Of its second noise, where it has one. */
  readonly variationSeed: number | undefined;
  readonly noise: NoiseSource;
}

/**
 * The samples of a request: their seeds counted through from the first, modulo the range of seeds, or, where
 * they are varied, the same one with the variations' counted through.
 * @param length numbers of one sample's latents: channels * height * width of them.
 */
export function createSamples(options: SamplingOptions, length: number): Sample[] {
  const { rng, variation } = options;
  return Array.from({ length: options.samples }, (_, index) => {
    const seed = (options.seed + (variation ? 0 : index)) % seedRange;
    const variationSeed = variation && (variation.seed + index) % seedRange;
    return { seed, variationSeed, noise: createNoiseSource({ rng, seed, length }) };
  });
}
