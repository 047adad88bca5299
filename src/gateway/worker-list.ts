import { ApiError } from '../contract/errors.ts';
import type { Connection } from '../jobs/connection.ts';
import { liveWorkers, type WorkerInfo } from '../jobs/heartbeat.ts';

export interface WorkerList {
  /** The workers alive now, read at most once a second. */
  live(): Promise<WorkerInfo[]>;
  /**
   * The workers that will take requests: those alive and those seen within the grace, because a worker that restarts comes back.
   * Empty only while this gateway is younger than the grace: its workers may still load their checkpoints.
   * @throws ApiError noWorker when none has been seen for longer.
   */
  expected(): Promise<WorkerInfo[]>;
  close(): void;
}

/** Reads are no older than this. */
const maxAgeMs = 1000;
/** Workers are looked for this often while nobody asks: what was seen last must not be the last request. */
const lookIntervalMs = 5000;

export function createWorkerList(redis: Connection, graceMs: number): WorkerList {
  const startedAt = performance.now();
  const seen = new Map<string, { info: WorkerInfo; at: number }>();
  let readAt = Number.NEGATIVE_INFINITY;
  let reading: Promise<WorkerInfo[]> | undefined;

  const read = async (): Promise<WorkerInfo[]> => {
    const workers = await liveWorkers(redis);
    const at = performance.now();
    for (const info of workers) seen.set(info.id, { info, at });
    for (const [id, last] of seen) if (at - last.at > graceMs) seen.delete(id);
    return workers;
  };
  const live = (): Promise<WorkerInfo[]> => {
    if (reading === undefined || performance.now() - readAt >= maxAgeMs) {
      readAt = performance.now();
      const fresh = read();
      reading = fresh;
      // A failure is not remembered.
      fresh.catch(() => {
        if (reading === fresh) reading = undefined;
      });
    }
    return reading;
  };
  const look = setInterval(() => {
    if (redis.status === 'ready') live().catch(() => undefined);
  }, lookIntervalMs);
  look.unref();

  return {
    live,
    expected: async () => {
      const alive = await live();
      const away = [...seen.values()].filter(
        ({ info, at }) => performance.now() - at <= graceMs && !alive.some(({ id }) => id === info.id),
      );
      const workers = [...alive, ...away.map(({ info }) => info)];
      if (workers.length === 0 && performance.now() - startedAt > graceMs)
        throw new ApiError('noWorker', `No worker has been alive for ${Math.round(graceMs / 1000)} s`);
      return workers;
    },
    close: () => clearInterval(look),
  };
}
