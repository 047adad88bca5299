import type { Config } from '../src/config.ts';
import type { GenerationProgress, GenerationRequest } from '../src/contract/generation.ts';
import type { Capabilities, Generated } from './generator.ts';

/**
 * The messages between a worker and its engine, over child_process IPC with serialization 'advanced' (typed arrays travel as
 * bytes). The worker sends `load` once and one `run` at a time; the engine answers each with exactly one of the outcomes below.
 * `run` numbers tell a late message of an abandoned run from those of the current one.
 */
export type ToEngine =
  | { readonly type: 'load'; readonly config: Config }
  | {
      readonly type: 'run';
      readonly run: number;
      readonly request: GenerationRequest;
      /** PNG; image-to-image only. */
      readonly inputImage: Uint8Array | undefined;
    }
  /** Stop between steps; the run still ends with an outcome. */
  | { readonly type: 'cancel'; readonly run: number };

export type FromEngine =
  | { readonly type: 'loaded'; readonly capabilities: Capabilities; readonly loadSeconds: number }
  /** Loading failed; the message is for the operator. The engine exits. */
  | { readonly type: 'refused'; readonly message: string }
  | {
      readonly type: 'progress';
      readonly run: number;
      readonly progress: GenerationProgress;
      /** JPEG, now and then. */
      readonly preview: Uint8Array | undefined;
    }
  | {
      readonly type: 'result';
      readonly run: number;
      readonly generated: Generated;
      readonly inferenceSeconds: number;
    }
  | { readonly type: 'failed'; readonly run: number; readonly error: EngineFailure };

export interface EngineFailure {
  /**
   * request: the client may read the message (NaN in the latents, a prompt too long). cancelled: a cancel message was seen.
   * device: the device may be unusable (out of memory, a CUDA error): the engine is replaced. internal: anything else.
   */
  readonly code: 'request' | 'cancelled' | 'device' | 'internal';
  readonly message: string;
  /** Whether another attempt could succeed. */
  readonly retryable: boolean;
  /** For the log. */
  readonly stack: string | undefined;
}
