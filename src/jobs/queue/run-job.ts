import type { Job } from 'bullmq';
import type { GenerationRequest } from '../../contract/generation.ts';
import type { Generate, GenerationContext } from '../generate.ts';
import {
  type CancelReason,
  cancelledFailure,
  JobError,
  stoppedFailure,
  unexplainedFailure,
} from '../job-error.ts';
import type { Log } from '../log.ts';
import { NotKept } from '../records/kept-outputs.ts';
import { readRecord } from '../records/read-record.ts';
import { failRecord, type StartedRun, startRecord, storeProgress } from '../records/records.ts';
import { deletePreview, readInput, storePreview } from '../records/stored-pictures.ts';
import { putInPlace, type RequeueReason, requeueRecord } from '../records/waiting-again.ts';
import type { Connection } from '../redis/connection.ts';
import { keyOf, type Lifetimes } from '../redis/names.ts';
import type { FailureReason, RequestObserver } from '../request-observer.ts';
import { type ResultKeeping, storeResult } from './store-result.ts';

/** What is to be made stands in the request's record; the job only says that it waits. */
export type GenerationJob = Job<null, null>;

export interface JobRun extends Pick<ResultKeeping, 'results' | 'resultsPatienceMs'> {
  readonly redis: Connection;
  /** Of the queue that the job came from. */
  readonly route: string;
  readonly job: GenerationJob;
  /** The start of the attempt, where it was marked as the job was taken. */
  readonly started: StartedRun | undefined;
  /** Of its lock; it names this attempt. */
  readonly token: string;
  /** Aborted with a CancelReason where the job is to stop. */
  readonly aborter: AbortController;
  readonly generate: Generate;
  /** What remains to be done takes nothing of what makes pictures: another job may begin. */
  readonly onComputed: () => void;
  readonly lifetimes: Lifetimes;
  readonly observer: RequestObserver;
  readonly log: Log;
}

/** Makes one attempt at a job and moves it to where it then belongs: away, or waiting again. */
export async function runJob(run: JobRun): Promise<void> {
  const { redis, job, token, aborter, lifetimes, observer } = run;
  const id = job.id!;
  if (job.deferredFailure !== undefined && (await failRecord(redis, id, stoppedFailure, lifetimes, token))) {
    const ended = await readRecord(redis, id);
    if (ended !== undefined) observer.failed(ended.record.request, 'lost workers');
  }
  const started = run.started?.id === id ? run.started : await startRecord(redis, id, token);
  // The request has ended, has expired, or was taken back.
  if (started === undefined) return await drop(run);
  const { request, leftMs, waitedMs } = started;
  observer.started(request, waitedMs);
  const deadline = setTimeout(() => aborter.abort('deadline' satisfies CancelReason), leftMs);
  const { context, over } = contextOf(run);
  try {
    const output = await Promise.race([run.generate(request, context), rejectOnDrain(aborter.signal)]);
    if (await storeResult(run, id, request, output)) observer.completed(request);
    await drop(run);
  } catch (error) {
    await settle(run, request, error);
  } finally {
    clearTimeout(deadline);
    if (over()) await deletePreview(redis, id);
  }
}

function contextOf({ redis, job, aborter, onComputed }: JobRun): {
  context: GenerationContext;
  /** @returns whether there were previews. */
  over(): boolean;
} {
  const id = job.id!;
  let reported: Promise<void> = Promise.resolve();
  let isOver = false;
  let hasPreview = false;
  const context: GenerationContext = {
    id,
    signal: aborter.signal,
    computed: onComputed,
    progress: (progress, preview) => {
      // One after another, so that steps stay in order; lost when Redis is away: the next step reports again.
      reported = reported
        .then(async () => {
          hasPreview ||= preview !== undefined;
          if (preview !== undefined) await storePreview(redis, id, preview);
          const goesOn = await storeProgress(redis, id, {
            ...progress,
            ...(preview && { hasPreview: true }),
          });
          // What was published of its end was not heard here.
          if (!goesOn && !isOver) aborter.abort('cancel' satisfies CancelReason);
        })
        .catch(() => undefined);
    },
    inputImage: async () => {
      const bytes = await readInput(redis, keyOf.input(id));
      if (bytes === undefined) throw new JobError('Input image not found', { retryable: false });
      return bytes;
    },
  };
  return {
    context,
    over: () => {
      isOver = true;
      return hasPreview;
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

/**
 * The record says how it ended, so nothing is lost with a job that is gone already or that another worker
 * has.
 */
async function drop({ job, token, log }: JobRun): Promise<void> {
  await job
    .moveToCompleted(null, token, false)
    .catch((error: unknown) => log.warn({ id: job.id, err: error }, 'job was gone'));
}

/** The job goes back to its queue, at its place. */
async function waitAgain({ redis, route, job, token, log }: JobRun): Promise<void> {
  await job.moveToWait(token).catch((error: unknown) => log.warn({ id: job.id, err: error }, 'job was gone'));
  await putInPlace(redis, job.id!, route);
}

/** Turns a failed attempt into what comes next; writes FAILED only when no attempt follows. */
async function settle(run: JobRun, request: GenerationRequest, error: unknown): Promise<void> {
  const { redis, job, token, aborter, lifetimes, observer, log } = run;
  const id = job.id!;
  const { signal } = aborter;
  const reason = signal.aborted ? (signal.reason as CancelReason) : undefined;
  if (reason === 'lost-lock') {
    log.warn({ id }, 'job stopped: its lock was lost, another worker has it');
    return;
  }
  const why: RequeueReason | undefined =
    reason === 'drain' ? 'given back' : reason === undefined ? retryReason(error) : undefined;
  const retried = why !== undefined && (await requeueRecord(redis, id, token, why));
  if (reason !== 'drain') log.error({ id, err: error, reason, why, retried }, 'job attempt failed');
  if (retried) {
    observer.waitsAgain(request, why);
    return await waitAgain(run);
  }
  if (await failRecord(redis, id, messageOf(error, reason), lifetimes, token))
    observer.failed(request, failureOf(error, reason));
  await drop(run);
}

function retryReason(error: unknown): RequeueReason | undefined {
  if (!(error instanceof JobError)) return 'failed';
  if (!error.retryable) return undefined;
  return error.blameless ? 'disturbed' : 'failed';
}

function failureOf(error: unknown, reason: CancelReason | undefined): FailureReason {
  if (reason === 'deadline') return 'deadline';
  if (reason === 'cancel') return 'cancelled';
  if (error instanceof NotKept) return 'not stored';
  return error instanceof JobError && !error.retryable ? 'rejected' : 'attempts';
}

function messageOf(error: unknown, reason: CancelReason | undefined): string {
  if (reason === 'deadline') return 'The request was not finished within its deadline';
  if (reason === 'cancel') return cancelledFailure;
  return error instanceof JobError ? error.message : unexplainedFailure;
}
