import type { OutputFormat } from '../images/output-formats.ts';
import type { RandomAlgorithm } from '../numerics/random-algorithms.ts';
import type { CacheChoice } from '../schedulers/caching/cache-kinds.ts';
import type { SolverOptions } from '../schedulers/solver-options.ts';
import type { PromptEmbedding } from '../text/embedding-names.ts';
import type { SizeConditioning } from './bodies/conditioning-fields.ts';
import type { LoraChoice } from './bodies/lora-fields.ts';
import type { FewStepNoise } from './few-steps.ts';

/**
 * What travels from the gateway to the worker and back: validated, in the field's words, with every default
 * filled in and the seed drawn, so that a retry makes the same image.
 */

/**
 * What pictures begin with beside their seed, and what they say of themselves; absent where nothing is asked.
 */
export interface PictureOptions {
  /**
   * The noise is turned towards that of a second seed; sample i uses its seed + i, and the request's own
   * seed.
   */
  readonly variation?: { readonly seed: number; readonly strength: number };
  /** In pixels; the noise of this size stands in the middle. */
  readonly seedResizeFrom?: { readonly width: number; readonly height: number };
  /** Whether they say in themselves how they were made. */
  readonly embedParameters?: boolean;
}

/** Where a request came from, for logs and traces; nothing of it decides what is made. */
export interface RequestOrigin {
  /** What its client calls it: the header x-request-id. */
  readonly clientId?: string;
  /** W3C Trace Context of the span that accepted it. */
  readonly traceparent?: string;
}

/** What a request sets of its solver and its guidance, by extensions; see sampling-options.ts. */
export interface SamplingRefinements {
  readonly solverOptions?: SolverOptions;
  readonly guidanceRescale?: number;
  readonly guidanceStart?: number;
  readonly guidanceEnd?: number;
  /** Forecasts some evaluations of the networks; none where absent. */
  readonly stepCache?: CacheChoice;
}

interface CommonRequest extends PictureOptions, SamplingRefinements {
  readonly prompt: string;
  /** Those that its prompts name, as the workers have them; absent where there are none. */
  readonly embeddings?: readonly PromptEmbedding[];
  /** Absent where there are none; each name once. */
  readonly loras?: readonly LoraChoice[];
  /** What a LoRA of few steps changes of the checkpoint's noise; absent where none does. */
  readonly fewStepNoise?: FewStepNoise;
  /** Layers of the text encoders left out beside the last; 0, SDXL's own, where absent. */
  readonly clipSkip?: number;
  /** Absent where everything follows the picture. */
  readonly sizeConditioning?: SizeConditioning;
  /** '' where the client gave none. */
  readonly negativePrompt: string;
  readonly samples: number;
  /** A key of the scheduler registry for this endpoint. */
  readonly scheduler: string;
  readonly steps: number;
  readonly guidanceScale: number;
  readonly strength: number;
  /** Concrete, 0 ... 999999999999999; sample i uses seed + i, without a variation. */
  readonly seed: number;
  /** Whether the client wants base64 in JSON. */
  readonly base64: boolean;
  readonly outputFormat: OutputFormat;
  /** Of JPEG and WebP, 1 ... 100; the encoder's own where absent. */
  readonly outputQuality?: number;
  /** Whether the pictures are scaled down to half their sides after they are made. */
  readonly halved?: boolean;
  readonly rng: RandomAlgorithm;
  /** What its client should know of how it was understood; see warnings.ts. */
  readonly warnings?: readonly string[];
  readonly origin?: RequestOrigin;
}

export interface TextToImageRequest extends CommonRequest {
  readonly endpoint: 'sdxl-torch';
  /** Served name of the base checkpoint; absent: the published one. */
  readonly model?: string;
  readonly style: string;
  /** Share of the schedule run by the base; the refiner runs the rest. */
  readonly highNoiseFraction: number;
  readonly refiner: boolean;
  readonly width: number;
  readonly height: number;
}

export interface ImageToImageRequest extends CommonRequest {
  readonly endpoint: 'sdxl-img2img';
  readonly baseModel: string;
  /** Redis key of the decoded, normalised input picture (PNG). */
  readonly imageKey: string;
  /** Size of the input picture, and of what is made of it; absent in requests of older gateways. */
  readonly width?: number;
  readonly height?: number;
}

/** What bodies of other protocols say beyond the ranges of ours; stands in place of the parsed field. */
export type RequestOverrides = Partial<
  Pick<CommonRequest, 'prompt' | 'samples' | 'outputQuality' | 'halved'> &
    // Of text to image; an input picture brings its own.
    Pick<TextToImageRequest, 'width' | 'height'>
>;

export type GenerationRequest = TextToImageRequest | ImageToImageRequest;

export interface GeneratedImage {
  /** `<request_id>/<token>-<i>.<ext>` without host, the path under /outputs/. */
  readonly path: string;
  readonly contentType: `image/${OutputFormat}`;
  readonly byteLength: number;
  readonly seed: number;
}

/** One picture in a report. */
export interface ReportedImage {
  readonly seed: number;
  /** Of the final latents, float32 little-endian. */
  readonly latentSha256: string;
  /** With a cache: evaluations that the networks made, and those that were forecast. */
  readonly evaluations?: { readonly computed: number; readonly forecast: number };
}

/** SHA-256 (hex) of an adapter's file; null while it is still being computed. */
export interface AdapterHash {
  readonly sha256: string | null;
}

/** What decides the bits of a result, so that two of them can be compared. */
export interface DeterminismReport {
  /**
   * Every checkpoint that took part, with its weight files: SHA-256 (hex) by name, null while it is still
   * being computed.
   */
  readonly checkpoints: readonly {
    readonly name: string;
    readonly weights: Readonly<Record<string, string | null>>;
  }[];
  /** LoRAs and embeddings that took part; absent where there were none. */
  readonly loras?: readonly (LoraChoice & AdapterHash)[];
  readonly embeddings?: readonly ({ readonly name: string } & AdapterHash)[];
  /** cpu, cuda:0, ... */
  readonly device: string;
  /** Why DEVICE=auto has become that. */
  readonly deviceReason?: string;
  /** What ran the networks, with its version. */
  readonly runtime: string;
  readonly precision: string;
  /** Whether the same request gives the same bytes each time on this device, driver and build. */
  readonly repeatable?: boolean;
  /** Decoded in overlapping tiles, where pixels differ a little from a whole decode. */
  readonly tiledVae?: true;
  readonly scheduler: string;
  readonly rng: RandomAlgorithm;
  /** What forecast some evaluations; absent where all were computed. */
  readonly cache?: CacheChoice;
  readonly images: readonly ReportedImage[];
}

/** What stays in Redis beside the image bytes for an hour. */
export interface GenerationResult {
  readonly images: readonly GeneratedImage[];
  readonly seed: number;
  readonly prompt: string;
  /** Which checkpoints made it, by name. */
  readonly checkpoints: readonly string[];
  readonly inferenceSeconds: number;
  /** Seconds by stage: loras, textEncode, base, refiner, vaeEncode, vaeDecode, imageEncode. */
  readonly stageSeconds: Readonly<Record<string, number>>;
  readonly determinism?: DeterminismReport;
  /** What its client should know of how it was made; see warnings.ts. */
  readonly warnings?: readonly string[];
}

/** Step k of n of sample i, as reported by the worker. */
export interface GenerationProgress {
  readonly sample: number;
  readonly samples: number;
  readonly step: number;
  readonly steps: number;
}
