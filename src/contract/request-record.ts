import type { GenerationRequest, GenerationResult } from './generation.ts';

/** The four states the wire contract knows. */
export type RequestStatus = 'QUEUED' | 'PROCESSING' | 'COMPLETED' | 'FAILED';

/** One accepted request as it stands now. Times are milliseconds of the Redis server's clock. */
export interface RequestRecord {
  readonly id: string;
  /** Id of the API key that submitted it; nobody else may read it. */
  readonly owner: string;
  readonly request: GenerationRequest;
  /** Credits it was charged at submission; 0 for an unlimited key. Given back where it is FAILED. */
  readonly cost: number;
  readonly status: RequestStatus;
  readonly submittedAt: number;
  /** A request that has not finished by then is FAILED. */
  readonly deadlineAt: number;
  /** Start of the latest attempt. */
  readonly startedAt?: number;
  readonly finishedAt?: number;
  /** How many times a worker has started it. */
  readonly attempts: number;
  /** Present when COMPLETED. */
  readonly result?: GenerationResult;
  /** Present when FAILED: text for the client. */
  readonly error?: string;
}
