import { ApiError } from '../../contract/errors.ts';
import { checkpointsOfRoute, isRoute, routesOf } from '../../contract/routes.ts';
import { knownRoutes, liveWorkers, type WorkerInfo } from '../../jobs/queue/heartbeat.ts';
import type { Connection } from '../../jobs/redis/connection.ts';
import { lately } from './lately.ts';

export interface WorkerList {
  /** The workers alive now, read at most once a second. */
  live(): Promise<WorkerInfo[]>;
  /**
   * The workers that will take requests: those alive and those seen within the grace, because a worker that
   * restarts comes back. Empty only while this gateway is younger than the grace: its workers may still load
   * their checkpoints.
   * @throws ApiError noWorker when none has been seen for longer.
   */
  expected(): Promise<WorkerInfo[]>;
  /**
   * Whether a request of that route (see contract/routes.ts) would be worked on: by a worker that is
   * expected, or by one that this gateway has not seen itself but that was alive within the grace. True while
   * nothing is known of any worker.
   * @throws ApiError noWorker where workers have served it in the last day, but none within the grace.
   */
  serves(route: string): Promise<boolean>;
  close(): void;
}

/** Reads are no older than this. */
const maxAgeMs = 1000;
/** Workers are looked for this often while nobody asks: what was seen last must not be the last request. */
const lookIntervalMs = 5000;

/** Those of the workers that take requests of a route (see contract/routes.ts). */
export function workersOf(route: string, workers: readonly WorkerInfo[]): WorkerInfo[] {
  return workers.filter((worker) => routesOf(worker).includes(route));
}

export function createWorkerList(redis: Connection, graceMs: number): WorkerList {
  const startedAt = performance.now();
  const seen = new Map<string, { info: WorkerInfo; at: number }>();
  const live = lately(
    async () => {
      const workers = await liveWorkers(redis);
      const at = performance.now();
      for (const info of workers) seen.set(info.id, { info, at });
      for (const [id, last] of seen) if (at - last.at > graceMs) seen.delete(id);
      return workers;
    },
    { maxAgeMs },
  );
  const look = setInterval(() => {
    if (redis.status === 'ready') live().catch(() => undefined);
  }, lookIntervalMs);
  look.unref();

  const graceSeconds = Math.round(graceMs / 1000);
  const expected = async (): Promise<WorkerInfo[]> => {
    const alive = await live();
    const away = [...seen.values()].filter(
      ({ info, at }) => performance.now() - at <= graceMs && !alive.some(({ id }) => id === info.id),
    );
    const workers = [...alive, ...away.map(({ info }) => info)];
    if (workers.length === 0 && performance.now() - startedAt > graceMs)
      throw new ApiError('noWorker', `No worker has been alive for ${graceSeconds} s`);
    return workers;
  };

  return {
    live,
    expected,
    serves: async (route) => {
      const workers = await expected();
      if (workersOf(route, workers).length > 0) return true;
      const known = await knownRoutes(redis);
      const silentMs = known.get(route);
      if (silentMs === undefined) return workers.length === 0 && known.size === 0 && isRoute(route);
      if (silentMs <= graceMs) return true;
      const names = checkpointsOfRoute(route).join(' and ');
      throw new ApiError('noWorker', `No worker that serves ${names} has been alive for ${graceSeconds} s`);
    },
    close: () => clearInterval(look),
  };
}
