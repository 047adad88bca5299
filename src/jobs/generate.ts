import type { GenerationProgress, GenerationRequest, GenerationResult } from '../contract/generation.ts';

/** What a worker makes of a request; storing it is done by the consumer. */
export interface GenerationOutput
  extends Pick<
    GenerationResult,
    'checkpoints' | 'inferenceSeconds' | 'stageSeconds' | 'determinism' | 'warnings'
  > {
  /** Encoded in the request's outputFormat, in sample order. */
  readonly pictures: readonly { readonly bytes: Uint8Array; readonly seed: number }[];
}

export interface GenerationContext {
  /** The request id. */
  readonly id: string;
  /** Aborted with a CancelReason: stop as soon as possible and reject. A drain does not wait for that. */
  readonly signal: AbortSignal;
  /**
   * Reports a step, and now and then a small JPEG of the picture on its way; never waits and never throws.
   */
  progress(progress: GenerationProgress, preview?: Uint8Array): void;
  /**
   * What remains to be done takes nothing of what makes pictures: the next request may come. May never be
   * called.
   */
  computed(): void;
  /** Bytes (PNG) of an image-to-image request's input. @throws JobError when it has expired. */
  inputImage(): Promise<Buffer>;
}

export type Generate = (request: GenerationRequest, context: GenerationContext) => Promise<GenerationOutput>;
