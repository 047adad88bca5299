/**
 * A failure whose message the client may read. Any other error that ends a job reaches the client as
 * "The worker could not finish this request" and its text stays in the log.
 */
export class JobError extends Error {
  /**
   * Whether another attempt could succeed (a crashed engine) or not (a missing checkpoint, NaN in the
   * latents).
   */
  readonly retryable: boolean;
  /** It was not the request's doing (an engine that ended before it had the job): not held against it. */
  readonly blameless: boolean;

  constructor(message: string, options: { retryable: boolean; blameless?: boolean; cause?: unknown }) {
    super(message, { cause: options.cause });
    this.name = 'JobError';
    this.retryable = options.retryable;
    this.blameless = options.blameless ?? false;
  }
}

/** Why a running job's signal was aborted. */
export type CancelReason = 'drain' | 'lost-lock' | 'deadline' | 'cancel';

export const cancelledFailure = 'The request was cancelled';
export const unexplainedFailure = 'The worker could not finish this request';
export const stoppedFailure = 'The worker stopped repeatedly while it worked on this request';
