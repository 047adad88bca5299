import type { GenerationRequest } from '../contract/generation.ts';
import type { RequestRecord } from '../contract/request-record.ts';
import { routeOf } from '../contract/routes.ts';
import type { ResultStore } from '../results/result-store.ts';
import { cancelledFailure } from './job-error.ts';
import type { Log } from './log.ts';
import { openQueues } from './queue/queues.ts';
import {
  type Admission,
  createRecord,
  defaultPriority,
  findEarlier,
  type Idempotency,
  type SubmitOptions,
} from './records/admit.ts';
import { type JobEvents, openEvents } from './records/events.ts';
import { readRecord } from './records/read-record.ts';
import { failRecord, overdueRequests } from './records/records.ts';
import { linkToOutput, readOutput, storeInput } from './records/stored-pictures.ts';
import { startKeptSweeps } from './records/sweep-kept.ts';
import { waitForEnd } from './records/wait-for-end.ts';
import { type RequestEvent, watchRequest } from './records/watch.ts';
import { createWithdrawals } from './records/withdraw.ts';
import { assertNoEviction, type Connection, connect, failFastOptions } from './redis/connection.ts';
import { defaultLifetimes, keyOf, type Lifetimes } from './redis/names.ts';
import type { RedisAddress } from './redis/redis-address.ts';
import { isRefusal } from './redis/unavailable.ts';
import { noObserver, type RequestObserver } from './request-observer.ts';

/** The gateway's side of the queues. Every function fails fast when Redis is away (see `isUnavailable`). */
export interface Producer {
  /** For single reads and writes of this folder's functions (API keys, outputs, heartbeats). */
  readonly redis: Connection;
  /**
   * Accepts a request under a fresh UUID, charging its owner `cost` credits (0 by default), or says what the
   * owner's key lacks: its record exists when this returns, or nothing of it does. Where this throws nothing
   * of it will: what Redis may have done unheard is taken back. A repeated submit under an idempotency key
   * makes nothing new and is told the earlier request.
   */
  submit(
    id: string,
    owner: string,
    request: GenerationRequest,
    cost?: number,
    options?: SubmitOptions,
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
   * aborts. An outage of Redis in between is waited out.
   * @param onPicture see waitForEnd.
   * @throws where Redis is still away then.
   */
  waitFor(
    id: string,
    timeoutMs: number,
    signal?: AbortSignal,
    onPicture?: (path: string) => void,
  ): Promise<RequestRecord | undefined>;
  /** How many requests wait for a worker, whatever models they need. */
  countWaiting(): Promise<number>;
  /** Keeps the PNG of an image-to-image request; returns its key. */
  storeInput(id: string, png: Uint8Array): Promise<string>;
  /**
   * The picture under a public path, wherever it is kept, or undefined when the path is unknown or expired.
   * @throws StoreError where it cannot be read now.
   */
  readOutput(path: string): ReturnType<typeof readOutput>;
  /** An address of the store that keeps it; undefined where there is none, or no such picture. */
  linkToOutput(path: string): Promise<string | undefined>;
  /** @throws when Redis does not take a write. */
  probe(): Promise<void>;
  close(): Promise<void>;
}

export interface ProducerOptions {
  readonly redisUrl: RedisAddress;
  readonly log: Log;
  readonly observer?: RequestObserver;
  readonly lifetimes?: Lifetimes;
  /** Where pictures are kept if not in Redis. */
  readonly results?: ResultStore | undefined;
  readonly connectTimeoutMs?: number;
  /** A command that has no answer by then has failed; a second by default. */
  readonly answerMs?: number;
  /** How often requests are looked for that have no job, or that nobody ended by their deadline. */
  readonly sweepIntervalMs?: number;
}

/** Closing waits this long for submits whose answer is unknown to be taken back. */
const withdrawPatienceMs = 2000;

/** Between the record and the job of a submit only moments pass. */
const lostAfterMs = 2000;
const overdueFailure = 'The request was not finished within its deadline';

/** @throws when Redis does not answer or would evict jobs. */
export async function openProducer(options: ProducerOptions): Promise<Producer> {
  const { redisUrl, log, observer = noObserver, lifetimes = defaultLifetimes, results } = options;
  const reportError = (error: Error) => log.warn({ err: error }, 'Redis connection error');
  const redis = await connect(
    redisUrl,
    failFastOptions(options.answerMs),
    reportError,
    options.connectTimeoutMs,
  );
  let events: JobEvents;
  try {
    await assertNoEviction(redis);
    events = await openEvents(redisUrl, reportError);
  } catch (error) {
    redis.disconnect();
    throw error;
  }
  const queues = openQueues(redis, reportError);
  const withdrawals = createWithdrawals(redis, reportError);

  const read = async (id: string): Promise<RequestRecord | undefined> => {
    const found = await readRecord(redis, id);
    if (found === undefined || found.record.finishedAt !== undefined) return found?.record;
    if (found.now <= found.record.deadlineAt) {
      if (!found.hasJob && found.now - found.record.submittedAt > lostAfterMs)
        await queues.addMissing(id).catch(reportError);
      return found.record;
    }
    // The outcome may have been written between the two reads; the first one stands.
    if (await failRecord(redis, id, overdueFailure, lifetimes))
      observer.failed(found.record.request, 'deadline');
    await queues.remove(found.record).catch(reportError);
    return (await readRecord(redis, id))?.record;
  };

  /** What cannot be done for one request is not left undone for the others. */
  const forEach = async (ids: readonly string[], work: (id: string) => Promise<unknown>): Promise<void> => {
    for (const id of ids) await work(id).catch(reportError);
  };
  const { sweepIntervalMs = 2000 } = options;
  const sweep = async (): Promise<void> => {
    await forEach(await queues.unqueued(), queues.addMissing);
    await forEach(await overdueRequests(redis), async (id) => {
      if ((await read(id)) === undefined) await redis.zrem(keyOf.deadlines, id);
    });
  };
  const sweeps = setInterval(() => {
    if (redis.status === 'ready') sweep().catch(reportError);
  }, sweepIntervalMs);
  sweeps.unref();
  const reportSweep = (error: unknown) => log.warn({ err: error }, 'expired pictures cannot be deleted');
  const keptSweeps = results && startKeptSweeps(redis, results, reportSweep, 5 * sweepIntervalMs);

  return {
    redis,
    submit: async (id, owner, request, cost, options = {}) => {
      let admission: Admission;
      try {
        admission = await createRecord(redis, id, owner, request, lifetimes, cost, options);
      } catch (error) {
        if (!isRefusal(error)) withdrawals.add(id);
        throw error;
      }
      const isNew = admission.accepted && admission.earlier === undefined;
      // From here on the request is accepted, with or without a job: a sweep gives it one.
      if (isNew && options.refusal === undefined)
        await queues.add(id, routeOf(request), options.priority ?? defaultPriority).catch(reportError);
      if (!isNew && request.endpoint === 'sdxl-img2img') await redis.del(request.imageKey).catch(reportError);
      return admission;
    },
    findEarlier: (owner, idempotency) => findEarlier(redis, owner, idempotency),
    cancel: async (id) => {
      // First the outcome, so that a worker that takes the job at this moment finds it ended.
      const isEnded = await failRecord(redis, id, cancelledFailure, lifetimes);
      const record = await read(id);
      if (isEnded && record !== undefined) observer.failed(record.request, 'cancelled');
      // A job that a worker holds is left to that worker, and one that cannot be removed to the next.
      if (record?.error === cancelledFailure) await queues.remove(record).catch(reportError);
      return record;
    },
    watch: (id, signal, heartbeatMs) => watchRequest({ redis, events, read }, id, signal, heartbeatMs),
    read,
    waitFor: (id, ...how) => waitForEnd({ events, read }, id, ...how),
    countWaiting: () => redis.zcard(keyOf.waiting),
    storeInput: (id, png) => storeInput(redis, id, png),
    readOutput: (path) => readOutput(redis, path, results),
    linkToOutput: async (path) => (results ? await linkToOutput(redis, path, results) : undefined),
    probe: async () => {
      await redis.set(keyOf.probe, '1', 'EX', 10);
    },
    close: async () => {
      clearInterval(sweeps);
      keptSweeps?.stop();
      await withdrawals.close(withdrawPatienceMs);
      events.close();
      await queues.close();
      redis.disconnect();
    },
  };
}
