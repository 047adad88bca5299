import { type Job, UnrecoverableError } from 'bullmq';
import type { GenerationRequest, GenerationResult } from '../../contract/generation.ts';
import type { Generate, GenerationContext, GenerationOutput } from '../generate.ts';
import {
  type CancelReason,
  cancelledFailure,
  JobError,
  stoppedFailure,
  unexplainedFailure,
} from '../job-error.ts';
import type { Log } from '../log.ts';
import { completeRecord, failRecord, requeueRecord, startRecord, storeProgress } from '../records/records.ts';
import {
  deleteOutputs,
  deletePreview,
  readInput,
  storeOutputs,
  storePreview,
} from '../records/stored-pictures.ts';
import type { Connection } from '../redis/connection.ts';
import { keyOf, type Lifetimes } from '../redis/names.ts';

export type GenerationJob = Job<GenerationRequest, null>;

export interface JobRun {
  readonly redis: Connection;
  readonly job: GenerationJob;
  /** Of its lock. */
  readonly token: string;
  /** Aborted with a CancelReason where the job is to stop. */
  readonly aborter: AbortController;
  readonly generate: Generate;
  readonly lifetimes: Lifetimes;
  readonly log: Log;
}

/** Makes one attempt at a job and moves it to where it then belongs: done, failed, waiting again. */
export async function runJob(run: JobRun): Promise<void> {
  const { redis, job, token, aborter, lifetimes } = run;
  const id = job.id!;
  let deadline: NodeJS.Timeout | undefined;
  try {
    if (job.deferredFailure !== undefined) {
      await failRecord(redis, id, stoppedFailure, lifetimes);
      throw new UnrecoverableError(job.deferredFailure);
    }
    const left = await startRecord(redis, id);
    if (left === undefined) throw new UnrecoverableError('the request has ended or expired');
    deadline = setTimeout(() => aborter.abort('deadline' satisfies CancelReason), left);
    const output = await Promise.race([
      run.generate(job.data, contextOf(redis, job, aborter.signal)),
      rejectOnDrain(aborter.signal),
    ]);
    await store(redis, id, job.data, output, lifetimes);
    await job.moveToCompleted(null, token, false);
  } catch (error) {
    await settle(run, error);
  } finally {
    clearTimeout(deadline);
    await deletePreview(redis, id);
  }
}

function contextOf(redis: Connection, job: GenerationJob, signal: AbortSignal): GenerationContext {
  const id = job.id!;
  let reported: Promise<void> = Promise.resolve();
  return {
    id,
    signal,
    progress: (progress, preview) => {
      // One after another, so that steps stay in order; lost when Redis is away: the next step reports again.
      reported = reported
        .then(async () => {
          if (preview !== undefined) await storePreview(redis, id, preview);
          await storeProgress(redis, id, { ...progress, ...(preview && { hasPreview: true }) });
        })
        .catch(() => undefined);
    },
    inputImage: async () => {
      const key = job.data.endpoint === 'sdxl-img2img' ? job.data.imageKey : keyOf.input(id);
      const bytes = await readInput(redis, key);
      if (bytes === undefined) throw new JobError('Input image not found', { retryable: false });
      return bytes;
    },
  };
}

function rejectOnDrain(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    const check = () => {
      if (signal.reason === 'drain') reject(new Error('the worker is shutting down'));
    };
    if (signal.aborted) check();
    signal.addEventListener('abort', check, { once: true });
  });
}

async function store(
  redis: Connection,
  id: string,
  request: GenerationRequest,
  output: GenerationOutput,
  lifetimes: Lifetimes,
): Promise<void> {
  const { pictures, checkpoints, inferenceSeconds, stageSeconds, determinism, warnings } = output;
  const images = await storeOutputs(redis, id, pictures, request.outputFormat, lifetimes.retentionSeconds);
  const result: GenerationResult = {
    images,
    seed: request.seed,
    prompt: request.prompt,
    checkpoints,
    inferenceSeconds,
    stageSeconds,
    ...(determinism && { determinism }),
    ...(warnings && { warnings }),
  };
  if (!(await completeRecord(redis, id, result, lifetimes))) await deleteOutputs(redis, images);
  if (request.endpoint === 'sdxl-img2img') await redis.del(request.imageKey);
}

/** Turns a failed attempt into what comes next; writes FAILED only when no attempt follows. */
async function settle(run: JobRun, error: unknown): Promise<void> {
  const { redis, job, token, aborter, lifetimes, log } = run;
  const id = job.id!;
  if (error instanceof UnrecoverableError) {
    await job.moveToFailed(error, token, false);
    return;
  }
  const { signal } = aborter;
  const reason = signal.aborted ? (signal.reason as CancelReason) : undefined;
  if (reason === 'drain') {
    await requeueRecord(redis, id);
    await job.moveToWait(token);
    return;
  }
  if (reason === 'lost-lock') {
    log.warn({ id }, 'job stopped: its lock was lost, another worker has it');
    return;
  }
  const message =
    reason === 'deadline'
      ? 'The request was not finished within its deadline'
      : reason === 'cancel'
        ? cancelledFailure
        : error instanceof JobError
          ? error.message
          : unexplainedFailure;
  const retryable = reason === undefined && !(error instanceof JobError && !error.retryable);
  const lastAttempt = job.attemptsMade + 1 >= (job.opts.attempts ?? 1);
  log.error({ id, err: error, reason, retryable, lastAttempt }, 'job attempt failed');
  if (retryable && !lastAttempt) {
    await job.moveToFailed(error instanceof Error ? error : new Error(String(error)), token, false);
    return;
  }
  await failRecord(redis, id, message, lifetimes);
  await job.moveToFailed(new UnrecoverableError(message), token, false);
}
