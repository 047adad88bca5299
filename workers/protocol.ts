import type { Config } from '../src/config/config.ts';
import type { MemoryReport } from '../src/contract/answers/memory-report.ts';
import type { GenerationProgress, GenerationRequest } from '../src/contract/generation.ts';
import type { SerializedError } from '../src/process/serialize-error.ts';
import type { Capabilities } from './capabilities.ts';
import type { Generated } from './engine/generator.ts';

/**
 * The messages between a worker and its engine, over child_process IPC with serialization 'advanced' (typed
 * arrays travel as bytes). The worker sends `load`, and one `run` at a time or a further `load`; the engine
 * answers each with exactly one of the outcomes below. A run that is `computed` may have one beside it. `run`
 * numbers tell a late message of an abandoned run from those of the current one. Between orders the worker
 * sends `ping`s.
 *
 * Every message is a sign of life. Network calls may hold the engine's thread, so while it computes it owes
 * signs only between them.
 */
export type ToEngine =
  /**
   * At first: opens the generator with these checkpoints, by default as many of the served ones as may be
   * loaded. Later: adds them.
   */
  | {
      readonly type: 'load';
      readonly config: Config;
      readonly models: readonly string[] | undefined;
      /** One after the other, so that it is known at which one a process ends. */
      readonly inTurn: boolean;
    }
  | {
      readonly type: 'run';
      readonly run: number;
      readonly request: GenerationRequest;
      /** PNG; image-to-image only. */
      readonly inputImage: Uint8Array | undefined;
    }
  /** Stop within an operator of the network that computes; the run still ends with an outcome. */
  | { readonly type: 'cancel'; readonly run: number }
  | { readonly type: 'ping' };

export type FromEngine =
  | { readonly type: 'pong' }
  /** It begins with this checkpoint, or goes on with it: another of its networks is loaded. */
  | { readonly type: 'loading'; readonly checkpoint: string }
  | {
      readonly type: 'loaded';
      readonly capabilities: Capabilities;
      /** Checkpoints that are loaded now. */
      readonly resident: readonly string[];
      readonly loadSeconds: number;
      readonly memory: MemoryReport | undefined;
    }
  /** Loading failed; the message is for the operator. The engine exits. */
  | { readonly type: 'refused'; readonly message: string; readonly error: SerializedError }
  /** The order has arrived and work begins. */
  | { readonly type: 'begun'; readonly run: number }
  | {
      readonly type: 'progress';
      readonly run: number;
      readonly progress: GenerationProgress;
      /** JPEG, now and then. */
      readonly preview: Uint8Array | undefined;
    }
  /**
   * What remains to be done of it takes nothing of the device: the next run may be sent. Not told where that
   * would cost the next one more than it saves.
   */
  | { readonly type: 'computed'; readonly run: number }
  | {
      readonly type: 'result';
      readonly run: number;
      readonly generated: Generated;
      readonly inferenceSeconds: number;
      /** As it is now: a run may have found too little. */
      readonly memory: MemoryReport | undefined;
    }
  | { readonly type: 'failed'; readonly run: number; readonly error: EngineFailure };

export interface EngineFailure {
  /**
   * request: the client may read the message (NaN in the latents, a prompt too long). cancelled: a cancel
   * message was seen. memory: the device has too little left for the request. device: the device may be
   * unusable (a CUDA error). After both the engine is replaced, which returns what it holds. internal:
   * anything else.
   */
  readonly code: 'request' | 'cancelled' | 'memory' | 'device' | 'internal';
  readonly message: string;
  /** Whether another attempt could succeed. */
  readonly retryable: boolean;
  /** For the log, with class, stack and causes. */
  readonly error: SerializedError;
}
