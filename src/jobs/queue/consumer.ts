import { randomUUID } from 'node:crypto';
import { setImmediate } from 'node:timers/promises';
import { createRedisBackend, Worker } from 'bullmq';
import { routesOf } from '../../contract/routes.ts';
import { createBell } from '../bell.ts';
import type { Generate } from '../generate.ts';
import type { CancelReason } from '../job-error.ts';
import type { Log } from '../log.ts';
import { hasEnded } from '../records/read-record.ts';
import { type StartedRun, startTaken } from '../records/records.ts';
import { putInPlace } from '../records/waiting-again.ts';
import { type Connection, connect, patientOptions } from '../redis/connection.ts';
import { listen } from '../redis/listen.ts';
import { defaultLifetimes, keyOf, keyTag, type Lifetimes, queueNameOf } from '../redis/names.ts';
import type { RedisAddress } from '../redis/redis-address.ts';
import { noObserver, type RequestObserver } from '../request-observer.ts';
import { routesInOrder } from './choose-route.ts';
import { liveWorkers } from './heartbeat.ts';
import { holdLock } from './hold-lock.ts';
import { createJobsInHand } from './jobs-in-hand.ts';
import { queueHeads } from './queue-heads.ts';
import { createQueueSigns, type QueueSigns } from './queue-signs.ts';
import { type GenerationJob, runJob } from './run-job.ts';
import type { ResultKeeping } from './store-result.ts';
import { giveBackStrays } from './stray-jobs.ts';

export interface ConsumerOptions extends Pick<ResultKeeping, 'results' | 'resultsPatienceMs'> {
  readonly redisUrl: RedisAddress;
  /** The queues to take jobs from, see routesOf. */
  readonly routes: readonly string[];
  /** Where not all models of these routes are loaded; otherwise every job is as good as the next. */
  readonly residency?: Residency;
  readonly generate: Generate;
  readonly log: Log;
  readonly observer?: RequestObserver;
  readonly lifetimes?: Lifetimes;
  /** A worker silent for this long has lost its job. */
  readonly lockDurationMs?: number;
  /** How often lost jobs are looked for. */
  readonly stalledIntervalMs?: number;
  /**
   * Workers that a job may lose. A worker mostly dies of something else: only a job that outlives none is
   * held to be the cause.
   */
  readonly mostLosses?: number;
}

/** What decides which of several queues comes next, see routesInOrder. */
export interface Residency {
  /** To tell this worker from the others. */
  readonly workerId: string;
  readonly swapAfterMs: number;
  /** Whether a job could begin; where not, jobs are left to others. */
  isReady(): boolean;
  /** Routes whose models are loaded now. */
  resident(): ReadonlySet<string>;
  /** Routes whose models could not be loaded lately: their jobs are taken only where nobody else would. */
  withdrawn(): ReadonlySet<string>;
  /** Since models were last exchanged. */
  residentForMs(): number;
}

export interface Consumer {
  /** Aborts a job held by this worker; false when it holds no such job. */
  cancel(id: string): boolean;
  /** Something has changed of what decides which job comes next. */
  wake(): void;
  /** Gives the running job back to its queue at once and stops; the attempt is not counted. */
  close(): Promise<void>;
}

type Queues = ReadonlyMap<string, Worker<null, null>>;

/** Queues are looked into this often without any sign, for the signs that were missed. */
const lookIntervalMs = 1000;
const defaultLockDurationMs = 15_000;
const defaultMostLosses = 4;
/** After an error (Redis takes no writes) nothing is tried for this long. */
const pauseMs = 1000;

/** Takes jobs one at a time until closed. The caller's thread must never block: it renews the lock. */
export async function consume(options: ConsumerOptions): Promise<Consumer> {
  const {
    redisUrl,
    routes,
    log,
    observer = noObserver,
    lifetimes = defaultLifetimes,
    lockDurationMs = defaultLockDurationMs,
  } = options;
  const onError = (error: unknown) => log.warn({ err: error }, 'consumer connection or queue error');
  const redis = await connect(redisUrl, patientOptions(), onError);
  const bell = createBell();
  let closing = false;
  const jobs = createJobsInHand((error) => {
    onError(error);
    isConnectionNew = true;
  });

  const queues: Queues = new Map(routes.map((route) => [route, openQueue(redis, route, options)]));
  const abandon = async (error: unknown): Promise<never> => {
    await Promise.all([...queues.values()].map((queue) => queue.close()));
    redis.disconnect();
    throw error;
  };
  for (const [route, queue] of queues) {
    queue.on('error', onError);
    queue.on('stalled', (id) => {
      log.warn({ id }, 'job lost its worker and waits again');
      observer.stalled();
      void putInPlace(redis, id, route).catch(onError);
    });
    await queue.startStalledCheckTimer().catch(abandon);
  }
  const signs = createQueueSigns(routes);
  const onSubmitted = (sign: string): void => {
    signs.heard(sign);
    bell.ring();
  };
  const cancel = (id: string): boolean => jobs.stop(id, 'cancel');
  const ears = await listen({
    redisUrl,
    channels: { [keyOf.submitted]: onSubmitted, [keyOf.cancel]: cancel },
    onBack: () => {
      onSubmitted('');
      for (const id of jobs.ids())
        hasEnded(redis, id).then((ended) => {
          if (ended) cancel(id);
        }, onError);
    },
    onError,
  }).catch(abandon);

  // What was taken over a connection that was lost may have been taken twice: once unheard.
  let isConnectionNew = false;
  redis.on('ready', () => {
    isConnectionNew = true;
  });
  const ownLocks = randomUUID();
  const findStrays = async (taken: readonly string[] = []): Promise<void> => {
    if (!isConnectionNew) return;
    isConnectionNew = false;
    await giveBackStrays(redis, queues, ownLocks, [...jobs.ids(), ...taken]);
  };

  let tokens = 0;
  /** Runs the next job of the first of these queues that has one. */
  const takeFrom = async (order: readonly string[]): Promise<boolean> => {
    for (const route of order) {
      const queue = queues.get(route)!;
      const token = `${ownLocks}:${tokens++}`;
      // BullMQ sends its command within this turn of the event loop; ours goes right behind it.
      const [job, started]: [GenerationJob | undefined, StartedRun | undefined] = await Promise.all([
        queue.getNextJob(token, { block: false }),
        setImmediate().then(() => startTaken(redis, route, token)),
      ]);
      await findStrays(job === undefined ? [] : [job.id!]);
      if (job === undefined) continue;
      const aborter = new AbortController();
      if (closing) aborter.abort('drain' satisfies CancelReason);
      await jobs.hold(job.id!, aborter, async (onComputed) => {
        const letGo = holdLock(queue, job, {
          token,
          lockDurationMs,
          onLost: () => aborter.abort('lost-lock' satisfies CancelReason),
          onError,
        });
        const run = { redis, route, job, started, token, aborter, lifetimes, observer, onComputed };
        await runJob({ ...options, ...run }).finally(letGo);
      });
      return true;
    }
    return false;
  };
  const takeNext = async (): Promise<boolean> => {
    await findStrays();
    const only = signs.take();
    if (only !== undefined && isResident(only, options.residency) && (await takeFrom([only]))) return true;
    return await takeFrom(await routesToTry(redis, routes, signs, options.residency));
  };
  const loop = async (): Promise<void> => {
    while (!closing) {
      try {
        if (!(await takeNext()) && !closing) await bell.wait(lookIntervalMs);
      } catch (error) {
        onError(error);
        isConnectionNew = true;
        await bell.wait(pauseMs);
      }
    }
  };
  const done = loop();

  return {
    cancel,
    wake: bell.ring,
    close: async () => {
      closing = true;
      jobs.stopAll('drain');
      bell.ring();
      await done;
      await jobs.finished();
      // A job that was given back here can be taken elsewhere at once.
      await redis.publish(keyOf.submitted, '').catch(onError);
      ears.close();
      await Promise.all([...queues.values()].map((queue) => queue.close()));
      redis.disconnect();
    },
  };
}

/**
 * BullMQ's worker without its own loop: it fetches, locks and finds lost jobs. All share one connection, as
 * nothing blocks.
 */
function openQueue(connection: Connection, route: string, options: ConsumerOptions): Worker<null, null> {
  const { lockDurationMs, stalledIntervalMs = 5000, mostLosses = defaultMostLosses } = options;
  return new Worker(
    queueNameOf(route),
    null,
    {
      connection,
      prefix: keyTag,
      autorun: false,
      lockDuration: lockDurationMs ?? defaultLockDurationMs,
      stalledInterval: stalledIntervalMs,
      maxStalledCount: mostLosses,
    },
    (name, options) => createRedisBackend(name, options),
  );
}

/** Whether a job of that route could begin here at once. */
function isResident(route: string, residency: Residency | undefined): boolean {
  return residency === undefined || (residency.isReady() && residency.resident().has(route));
}

async function routesToTry(
  redis: Connection,
  routes: readonly string[],
  signs: QueueSigns,
  residency: Residency | undefined,
): Promise<string[]> {
  if (residency?.isReady() === false) return [];
  signs.looking();
  const heads = await queueHeads(redis, routes);
  signs.found(heads.length);
  const resident = residency?.resident() ?? new Set(routes);
  const asksOthers = residency !== undefined && heads.some(({ route }) => !resident.has(route));
  const others = asksOthers ? (await liveWorkers(redis)).filter(({ id }) => id !== residency.workerId) : [];
  return routesInOrder({
    heads,
    resident,
    withdrawn: residency?.withdrawn() ?? new Set(),
    residentForMs: residency?.residentForMs() ?? 0,
    others: others.map((other) => ({ ...other, routes: routesOf(other) })),
    swapAfterMs: residency?.swapAfterMs ?? 0,
  });
}
