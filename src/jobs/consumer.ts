import { type Job, UnrecoverableError, WaitingError, Worker } from 'bullmq';
import type {
  DeterminismReport,
  GenerationProgress,
  GenerationRequest,
  GenerationResult,
} from '../contract/generation.ts';
import { listenForCancels } from './cancel.ts';
import { bullOptions, type Connection, connect, patientOptions } from './connection.ts';
import type { JobProgress } from './events.ts';
import { type CancelReason, cancelledFailure, JobError, unexplainedFailure } from './job-error.ts';
import { type Log, loggable } from './log.ts';
import { defaultLifetimes, keyOf, type Lifetimes, queueName } from './names.ts';
import { deleteOutputs, deletePreview, readInput, storeOutputs, storePreview } from './pictures.ts';
import { completeRecord, failRecord, requeueRecord, startRecord } from './records.ts';

/** What a worker makes of a request; storing it is done here. */
export interface GenerationOutput {
  /** Encoded in the request's outputFormat, in sample order. */
  readonly pictures: readonly { readonly bytes: Uint8Array; readonly seed: number }[];
  /** Names of the checkpoints that made them. */
  readonly checkpoints: readonly string[];
  readonly inferenceSeconds: number;
  readonly stageSeconds: Readonly<Record<string, number>>;
  readonly determinism?: DeterminismReport;
}

export interface GenerationContext {
  /** The request id. */
  readonly id: string;
  /** Aborted with a CancelReason: stop between steps and reject. A drain does not wait for that. */
  readonly signal: AbortSignal;
  /** Reports a step, and now and then a small JPEG of the picture on its way; never waits and never throws. */
  progress(progress: GenerationProgress, preview?: Uint8Array): void;
  /** Bytes (PNG) of an image-to-image request's input. @throws JobError when it has expired. */
  inputImage(): Promise<Buffer>;
}

export type Generate = (request: GenerationRequest, context: GenerationContext) => Promise<GenerationOutput>;

export interface ConsumerOptions {
  readonly redisUrl: string;
  readonly generate: Generate;
  readonly log: Log;
  readonly lifetimes?: Lifetimes;
  /** A worker silent for this long has lost its job. */
  readonly lockDurationMs?: number;
  /** How often lost jobs are looked for. */
  readonly stalledIntervalMs?: number;
}

export interface Consumer {
  /** Aborts a job held by this worker; false when it holds no such job. */
  cancel(id: string): boolean;
  /** Gives running jobs back to the queue at once and stops; the attempt is not counted. */
  close(): Promise<void>;
}

type GenerationJob = Job<GenerationRequest, null>;

/** Takes jobs from the queue one at a time until closed. The caller's thread must never block: it renews the locks. */
export async function consume(options: ConsumerOptions): Promise<Consumer> {
  const { redisUrl, generate, log, lifetimes = defaultLifetimes, lockDurationMs = 15_000 } = options;
  const reportError = (error: Error) =>
    log.warn({ err: loggable(error) }, 'consumer connection or queue error');
  const redis = await connect(redisUrl, patientOptions(), reportError);
  const held = new Set<string>();

  const processJob = async (job: GenerationJob, token?: string, signal?: AbortSignal): Promise<null> => {
    const id = job.id!;
    held.add(id);
    let deadline: NodeJS.Timeout | undefined;
    try {
      const left = await startRecord(redis, id);
      if (left === undefined) throw new UnrecoverableError('the request has ended or expired');
      deadline = setTimeout(() => worker.cancelJob(id, 'deadline' satisfies CancelReason), left);
      const output = await Promise.race([
        generate(job.data, contextOf(redis, job, signal!)),
        rejectOnDrain(signal!),
      ]);
      await store(redis, id, job.data, output, lifetimes);
      return null;
    } catch (error) {
      if (error instanceof UnrecoverableError) throw error;
      return await settle(redis, job, token!, signal!, error, lifetimes, log);
    } finally {
      held.delete(id);
      clearTimeout(deadline);
      await deletePreview(redis, id).catch(reportError);
    }
  };

  const worker = new Worker<GenerationRequest, null>(
    queueName,
    (job, token, signal) => processJob(job, token, signal),
    {
      connection: bullOptions(redisUrl, patientOptions()),
      concurrency: 1,
      lockDuration: lockDurationMs,
      stalledInterval: options.stalledIntervalMs ?? 5000,
      maxStalledCount: 1,
    },
  );
  worker.on('error', reportError);
  worker.on('stalled', (id) => log.warn({ id }, 'job lost its worker and waits again'));
  // BullMQ only tells that renewal failed; the other worker that takes the job over must not be raced.
  worker.on('lockRenewalFailed', (ids) => {
    for (const id of ids) worker.cancelJob(id, 'lost-lock' satisfies CancelReason);
  });
  await worker.waitUntilReady();
  const cancels = await listenForCancels(
    { redisUrl, redis, held, onError: reportError },
    (id) => void worker.cancelJob(id, 'cancel' satisfies CancelReason),
  );

  return {
    cancel: (id) => worker.cancelJob(id, 'cancel' satisfies CancelReason),
    close: async () => {
      const closed = worker.close();
      worker.cancelAllJobs('drain' satisfies CancelReason);
      await closed;
      cancels.close();
      redis.disconnect();
    },
  };
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
          await job.updateProgress({
            ...progress,
            ...(preview && { hasPreview: true }),
          } satisfies JobProgress);
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
  const { pictures, checkpoints, inferenceSeconds, stageSeconds, determinism } = output;
  const images = await storeOutputs(redis, id, pictures, request.outputFormat, lifetimes.retentionSeconds);
  const result: GenerationResult = {
    images,
    seed: request.seed,
    prompt: request.prompt,
    checkpoints,
    inferenceSeconds,
    stageSeconds,
    ...(determinism && { determinism }),
  };
  if (!(await completeRecord(redis, id, result, lifetimes))) await deleteOutputs(redis, images);
  if (request.endpoint === 'sdxl-img2img') await redis.del(request.imageKey);
}

/** Turns a failed attempt into what BullMQ should do next; writes FAILED only when no attempt follows. */
async function settle(
  redis: Connection,
  job: GenerationJob,
  token: string,
  signal: AbortSignal,
  error: unknown,
  lifetimes: Lifetimes,
  log: Log,
): Promise<never> {
  const id = job.id!;
  const reason = signal.aborted ? (signal.reason as CancelReason) : undefined;
  if (reason === 'drain') {
    await requeueRecord(redis, id);
    await job.moveToWait(token);
    throw new WaitingError();
  }
  if (reason === 'lost-lock') {
    log.warn({ id }, 'job stopped: its lock was lost, another worker has it');
    throw new Error('lost lock');
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
  log.error({ id, err: loggable(error), reason, retryable, lastAttempt }, 'job attempt failed');
  if (retryable && !lastAttempt) throw error;
  await failRecord(redis, id, message, lifetimes);
  throw new UnrecoverableError(message);
}
