import type { Config } from '../../src/config/config.ts';
import type { MemoryReport } from '../../src/contract/answers/memory-report.ts';
import type { GenerationProgress, GenerationRequest, ReportedImage } from '../../src/contract/generation.ts';
import type { GenerationOutput } from '../../src/jobs/generate.ts';
import type { StageInterval } from '../../src/pipelines/stopwatch.ts';
import type { Capabilities } from '../capabilities.ts';

export interface GeneratedPicture {
  readonly bytes: Uint8Array;
  readonly seed: number;
  /**
   * SHA-256 (hex) of the final latents as float32, little-endian: equal where the computation was equal to
   * the bit.
   */
  readonly latentSha256: string;
  /** With a cache: evaluations that the networks made, and those that were forecast. */
  readonly evaluations?: ReportedImage['evaluations'];
}

/** What a worker makes of a request, with what its report of determinism is made of. */
export interface Generated extends Omit<GenerationOutput, 'inferenceSeconds' | 'determinism'> {
  readonly pictures: readonly GeneratedPicture[];
  /** When each stage ran, for traces. */
  readonly stages?: readonly StageInterval[];
  /** What the networks ran on, with its version. */
  readonly runtime: string;
  /** In what numbers they computed. */
  readonly precision: string;
  /** Whether the same request gives the same bytes each time on this device. */
  readonly repeatable: boolean;
  /** Decoded in overlapping tiles, as the device's memory wants it. */
  readonly tiledVae?: true;
}

/** As jobs/generate.ts has it, on this side of the engine's channel. */
export interface GeneratorContext {
  /** Bytes (PNG) of an image-to-image request's input. */
  readonly inputImage: Uint8Array | undefined;
  /** Stop as soon as possible and reject. */
  readonly signal: AbortSignal;
  /**
   * Called and awaited after every step: it gives the event loop a turn and rejects once the request is
   * cancelled. `preview` is a small JPEG of the picture on its way, now and then.
   */
  progress(progress: GenerationProgress, preview?: Uint8Array): Promise<void>;
  /** Called where what remains to be done takes nothing of the device: another request may come. */
  computed?(): void;
}

/** Turns requests into pictures on one device. */
export interface Generator {
  readonly capabilities: Capabilities;
  /**
   * @throws JobError for failures whose text the client may read; anything else is reported as an internal
   * error.
   */
  generate(request: GenerationRequest, context: GeneratorContext): Promise<Generated>;
}

/** A generator whose checkpoints can become more; what is loaded leaves the device with the process. */
export interface GrowingGenerator extends Generator {
  /** Names of the checkpoints that are loaded. */
  resident(): readonly string[];
  /** How the device's memory is used. */
  memory?(): MemoryReport;
  /** Loads checkpoints beside the present ones. @throws with a message for the operator. */
  load(models: readonly string[], onLoading?: OnLoading): Promise<void>;
}

/** Called when a checkpoint's turn has come, and whenever another of its networks is loaded. */
export type OnLoading = (checkpoint: string) => void;

export const silently: OnLoading = () => undefined;

/**
 * Loads checkpoints before the first request is taken.
 * @param models names of checkpoints; by default the first of those served, as many as stay loaded at once.
 * @param inTurn one after the other even where there is room for loading them at the same time.
 * @throws with a message for the operator when it cannot.
 */
export type OpenGenerator = (
  config: Config,
  models?: readonly string[],
  onLoading?: OnLoading,
  inTurn?: boolean,
) => Promise<GrowingGenerator>;
