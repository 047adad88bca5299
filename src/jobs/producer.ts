import type { GenerationRequest } from '../contract/generation.ts';
import type { RequestRecord } from '../contract/request-record.ts';
import { cancelledFailure, stoppedFailure, unexplainedFailure } from './job-error.ts';
import type { Log } from './log.ts';
import { openQueues, type Queues } from './queue/queues.ts';
import {
  type Admission,
  createRecord,
  deleteRecord,
  findEarlier,
  type Idempotency,
  type SubmitOptions,
} from './records/admit.ts';
import { publishCancel } from './records/cancel.ts';
import { openEvents } from './records/events.ts';
import { readRecord } from './records/read-record.ts';
import { failRecord, overdueRequests } from './records/records.ts';
import { storeInput } from './records/stored-pictures.ts';
import { type RequestEvent, watchRequest } from './records/watch.ts';
import { assertNoEviction, type Connection, connect, failFastOptions } from './redis/connection.ts';
import { defaultLifetimes, keyOf, type Lifetimes } from './redis/names.ts';

/** The gateway's side of the queues. Every function fails fast when Redis is away (see `isUnavailable`). */
export interface Producer {
  /** For single reads and writes of this folder's functions (API keys, outputs, heartbeats). */
  readonly redis: Connection;
  /**
   * Accepts a request under a fresh UUID, charging its owner `cost` credits (0 by default), or says what the
   * owner's key lacks: its record exists when this returns, or nothing of it does. A repeated submit under an
   * idempotency key makes nothing new and is told the earlier request.
   */
  submit(
    id: string,
    owner: string,
    request: GenerationRequest,
    cost?: number,
    options?: QueueOptions,
  ): Promise<Admission>;
  /** What an idempotency key of this owner has made before. */
  findEarlier(owner: string, idempotency: Idempotency): ReturnType<typeof findEarlier>;
  /** Ends a request that has not ended, whether it waits or runs, and returns it as it then stands. */
  cancel(id: string): Promise<RequestRecord | undefined>;
  /** Follows a request to its end, beginning with how it stands; see watchRequest. */
  watch(id: string, signal: AbortSignal, heartbeatMs?: number): AsyncGenerator<RequestEvent, void>;
  /** The request as it stands, or undefined when unknown or expired. */
  read(id: string): Promise<RequestRecord | undefined>;
  /**
   * Resolves with the record once the request has ended, or as it stands after `timeoutMs` or when the signal
   * aborts.
   */
  waitFor(id: string, timeoutMs: number, signal?: AbortSignal): Promise<RequestRecord | undefined>;
  /** How many requests wait for a worker, whatever models they need. */
  countWaiting(): Promise<number>;
  /** Keeps the PNG of an image-to-image request; returns its key. */
  storeInput(id: string, png: Uint8Array): Promise<string>;
  /** @throws when Redis does not take a write. */
  probe(): Promise<void>;
  close(): Promise<void>;
}

export interface ProducerOptions {
  readonly redisUrl: string;
  readonly log: Log;
  readonly lifetimes?: Lifetimes;
  readonly connectTimeoutMs?: number;
  /** How often requests are looked for that nobody ended by their deadline. */
  readonly overdueIntervalMs?: number;
}

export interface QueueOptions extends SubmitOptions {
  /** Why no worker may see this request: it is FAILED from the start. */
  readonly refusal?: string | undefined;
}

/** Between the record and the job of a submit, and between a job's end and its record, only moments pass. */
const lostAfterMs = 10_000;
/** A waiter looks for itself this often, so that a missed event costs seconds and not the request. */
const recheckMs = 2000;

/** @throws when Redis does not answer or would evict jobs. */
export async function openProducer(options: ProducerOptions): Promise<Producer> {
  const { redisUrl, log, lifetimes = defaultLifetimes } = options;
  const reportError = (error: Error) => log.warn({ err: error }, 'Redis connection error');
  const redis = await connect(redisUrl, failFastOptions(), reportError, options.connectTimeoutMs);
  try {
    await assertNoEviction(redis);
  } catch (error) {
    redis.disconnect();
    throw error;
  }
  const queues = openQueues(redis, lifetimes, reportError);
  const events = await openEvents(redisUrl, reportError);

  const read = async (id: string): Promise<RequestRecord | undefined> => {
    const found = await readRecord(redis, id);
    if (found === undefined || found.record.finishedAt !== undefined) return found?.record;
    const error = await endedWithoutRecord(queues, found.record, found.now);
    if (error === undefined) return found.record;
    // The outcome may have been written between the two reads; the first one stands.
    await failRecord(redis, id, error, lifetimes);
    return (await readRecord(redis, id))?.record;
  };

  const failOverdue = async (): Promise<void> => {
    for (const id of await overdueRequests(redis))
      if ((await read(id)) === undefined) await redis.zrem(keyOf.deadlines, id);
  };
  const overdue = setInterval(() => {
    if (redis.status === 'ready') failOverdue().catch(reportError);
  }, options.overdueIntervalMs ?? 10_000);
  overdue.unref();

  return {
    redis,
    submit: async (id, owner, request, cost, options = {}) => {
      const { refusal } = options;
      const admission = await createRecord(redis, id, owner, request, lifetimes, cost, options);
      const isNew = admission.accepted && admission.earlier === undefined;
      if (!isNew || refusal !== undefined) {
        if (request.endpoint === 'sdxl-img2img') await redis.del(request.imageKey);
        if (isNew) await failRecord(redis, id, refusal!, lifetimes);
        return admission;
      }
      try {
        await queues.add(id, request, options.priority);
        return admission;
      } catch (error) {
        await deleteRecord(redis, id).catch(() => undefined);
        throw error;
      }
    },
    findEarlier: (owner, idempotency) => findEarlier(redis, owner, idempotency),
    cancel: async (id) => {
      // First the outcome, so that a worker that takes the job at this moment finds it ended.
      if (await failRecord(redis, id, cancelledFailure, lifetimes)) {
        await publishCancel(redis, id);
        const record = await read(id);
        // A job that a worker holds is left to that worker.
        if (record && (await queues.remove(record)) > 0) await redis.del(keyOf.input(id));
        return record;
      }
      return await read(id);
    },
    watch: (id, signal, heartbeatMs) => watchRequest({ redis, events, read }, id, signal, heartbeatMs),
    read,
    waitFor: async (id, timeoutMs, signal) => {
      const until = Date.now() + timeoutMs;
      let wake: () => void = () => undefined;
      const unsubscribe = events.subscribe(id, (event) => {
        if (event === 'finished') wake();
      });
      const onAbort = () => wake();
      signal?.addEventListener('abort', onAbort);
      try {
        for (;;) {
          const heard = new Promise<void>((resolve) => {
            wake = resolve;
          });
          const record = await read(id);
          const left = until - Date.now();
          if (record === undefined || record.finishedAt !== undefined || left <= 0 || signal?.aborted)
            return record;
          await settled(heard, Math.min(recheckMs, left));
        }
      } finally {
        unsubscribe();
        signal?.removeEventListener('abort', onAbort);
      }
    },
    countWaiting: () => redis.zcard(keyOf.waiting),
    storeInput: (id, png) =>
      storeInput(redis, id, png, lifetimes.deadlineSeconds + lifetimes.retentionSeconds),
    probe: async () => {
      await redis.set(keyOf.probe, '1', 'EX', 10);
    },
    close: async () => {
      clearInterval(overdue);
      events.close();
      await queues.close();
      redis.disconnect();
    },
  };
}

/** Why a request that has no outcome on record will never get one, or undefined while it still can. */
async function endedWithoutRecord(
  queues: Queues,
  record: RequestRecord,
  now: number,
): Promise<string | undefined> {
  if (now > record.deadlineAt) {
    await queues.remove(record);
    return 'The request was not finished within its deadline';
  }
  const job = await queues.find(record);
  if (job?.finishedOn !== undefined && job.failedReason)
    return job.failedReason.includes('stalled') ? stoppedFailure : unexplainedFailure;
  if (job === undefined && now - record.submittedAt > lostAfterMs)
    return 'The queue lost this request; submit it again';
  return undefined;
}

async function settled(promise: Promise<void>, timeoutMs: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, timeoutMs);
  });
  await Promise.race([promise, timeout]);
  clearTimeout(timer);
}
