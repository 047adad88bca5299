import type { GenerationRequest } from '../contract/generation.ts';
import type { RequeueReason } from './records/waiting-again.ts';

/** Why a request ended without pictures; a fixed set, for counting. */
export type FailureReason =
  /** Its client, or an administrator. */
  | 'cancelled'
  | 'deadline'
  /** It can never be made: its text says why. */
  | 'rejected'
  /** Its pictures could not be kept where results are. */
  | 'not stored'
  /** Every attempt failed. */
  | 'attempts'
  /** Every worker that had it died. */
  | 'lost workers';

/**
 * Hears what becomes of requests, for counting: each event from the one process that wrote it into the
 * request's record, so that sums over processes are right. It never throws.
 */
export interface RequestObserver {
  /** An attempt has begun. @param waitedMs since it was accepted; of a first attempt only. */
  started(request: GenerationRequest, waitedMs: number | undefined): void;
  completed(request: GenerationRequest): void;
  failed(request: GenerationRequest, reason: FailureReason): void;
  waitsAgain(request: GenerationRequest, reason: RequeueReason): void;
  /** Its worker fell silent, and it waits again. */
  stalled(): void;
}

export const noObserver: RequestObserver = {
  started: () => undefined,
  completed: () => undefined,
  failed: () => undefined,
  waitsAgain: () => undefined,
  stalled: () => undefined,
};
