import type { Endpoint } from '../contract/generation.ts';
import type { Connection } from './connection.ts';
import { keyOf } from './names.ts';

/** What a worker says of itself while it is able to take jobs (its engine has loaded its checkpoints). */
export interface WorkerInfo {
  readonly id: string;
  /** cpu, cuda:0, ... */
  readonly device: string;
  readonly endpoints: readonly Endpoint[];
  /** Whether the refiner's weights are installed. */
  readonly refiner: boolean;
  /** The `base_model` names of sdxl-img2img it serves. */
  readonly baseModels: readonly string[];
  /** What the sides of pictures made from text must be multiples of, the factor of their checkpoint's VAE; undefined without one. */
  readonly sizeMultiple: number | undefined;
}

export interface Heartbeat {
  /** Publishes new facts at once (a checkpoint was loaded). */
  update(info: WorkerInfo): Promise<void>;
  /** Stops and withdraws the worker from the list at once. */
  stop(): Promise<void>;
}

/** A worker silent for this long no longer counts as live. */
export const heartbeatTtlSeconds = 15;

/**
 * Starts telling the gateways that this worker lives. Liveness is a key's expiry on the Redis server, so clocks do not matter.
 * Beats that fail while Redis is away are reported and tried again at the next interval.
 */
export async function startHeartbeat(
  redis: Connection,
  info: WorkerInfo,
  onError: (error: unknown) => void,
  intervalMs = 5000,
): Promise<Heartbeat> {
  let current = info;
  const beat = async (): Promise<void> => {
    await redis
      .multi()
      .set(keyOf.worker(current.id), JSON.stringify(current), 'EX', heartbeatTtlSeconds)
      .sadd(keyOf.workers, current.id)
      .exec();
  };
  await beat();
  const timer = setInterval(() => {
    if (redis.status === 'ready') beat().catch(onError);
  }, intervalMs);
  return {
    update: async (next) => {
      current = next;
      await beat();
    },
    stop: async () => {
      clearInterval(timer);
      await redis.multi().del(keyOf.worker(current.id)).srem(keyOf.workers, current.id).exec();
    },
  };
}

/** The workers alive now; forgets the ones whose key has expired. */
export async function liveWorkers(redis: Connection): Promise<WorkerInfo[]> {
  const ids = await redis.smembers(keyOf.workers);
  if (ids.length === 0) return [];
  const values = await redis.mget(ids.map(keyOf.worker));
  const gone = ids.filter((_, index) => values[index] === null);
  if (gone.length > 0) await redis.srem(keyOf.workers, ...gone);
  return values.filter((value) => value !== null).map((value) => JSON.parse(value) as WorkerInfo);
}
