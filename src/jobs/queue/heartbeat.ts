import type { AdapterFolder } from '../../contract/answers/adapters.ts';
import type { MemoryReport } from '../../contract/answers/memory-report.ts';
import type { Endpoint } from '../../contract/endpoints.ts';
import type { ServedKnownWords } from '../../contract/known-words.ts';
import type { ServedModel } from '../../contract/model-profile.ts';
import { routesOf } from '../../contract/routes.ts';
import { now } from '../records/record-scripts.ts';
import type { Connection } from '../redis/connection.ts';
import { keyOf } from '../redis/names.ts';
import { defineScript } from '../redis/script.ts';

/** What a worker says of itself while it is able to take jobs (its engine has loaded checkpoints). */
export interface WorkerInfo {
  readonly id: string;
  /** cpu, cuda:0, ... */
  readonly device: string;
  /** Why DEVICE=auto has become that. */
  readonly deviceReason?: string;
  readonly endpoints: readonly Endpoint[];
  /** Whether the refiner's weights are installed. */
  readonly refiner: boolean;
  /** The `base_model` names of sdxl-img2img it serves. */
  readonly baseModels: readonly string[];
  /**
   * What the sides of pictures are made in multiples of (others are cropped), the factor of their
   * checkpoint's VAE; undefined without one.
   */
  readonly sizeMultiple: number | undefined;
  /**
   * Those of its routes (see contract/routes.ts) whose checkpoints are loaded; the others take an exchange
   * first.
   */
  readonly resident: readonly string[];
  /** Whether it has a job in hand. */
  readonly busy: boolean;
  /** The checkpoints that are installed where it runs, and whether each is loaded. */
  readonly models?: readonly (ServedModel & { readonly loaded: boolean })[];
  /** What else lies in its models folder, and why it is not served. */
  readonly unservable?: readonly { readonly entry: string; readonly reason: string }[];
  /** How it uses the memory of its device. */
  readonly memory?: MemoryReport | undefined;
  /** The LoRAs in its models folder. */
  readonly loras?: AdapterFolder;
  /** The embeddings in its models folder. */
  readonly embeddings?: AdapterFolder;
  /** Id of the request that it has in hand. */
  readonly request?: string;
  /** What those of its models know that were trained on little. */
  readonly knownWords?: readonly ServedKnownWords[];
}

export interface Heartbeat {
  /** Publishes new facts at once (a checkpoint was loaded, a job begun). */
  update(info: WorkerInfo): Promise<void>;
  /** Stops and withdraws the worker from the list at once. */
  stop(): Promise<void>;
}

/** A worker silent for this long no longer counts as live. */
const heartbeatTtlSeconds = 15;
/** That a route was ever served is forgotten after this long: its model has been taken out. */
const routeMemorySeconds = 24 * 3600;

const beatScript = defineScript(`${now}
redis.call('SET', KEYS[1], ARGV[1], 'EX', ARGV[3])
redis.call('SADD', KEYS[2], ARGV[2])
for i = 5, #ARGV do redis.call('ZADD', KEYS[3], now, ARGV[i]) end
redis.call('ZREMRANGEBYSCORE', KEYS[3], '-inf', now - ARGV[4] * 1000)
return 1`);

const registerScript = defineScript(`${now}
for i = 1, #ARGV do redis.call('ZADD', KEYS[1], now, ARGV[i]) end
return 1`);

const liveScript = defineScript(`
local live = {}
for _, id in ipairs(redis.call('SMEMBERS', KEYS[1])) do
  local said = redis.call('GET', '${keyOf.worker('')}' .. id)
  if said then live[#live + 1] = said else redis.call('SREM', KEYS[1], id) end
end
return live`);

const routesScript = defineScript(`${now}
local found = redis.call('ZRANGE', KEYS[1], 0, -1, 'WITHSCORES')
for i = 2, #found, 2 do found[i] = now - found[i] end
return found`);

/**
 * Starts telling the gateways that this worker lives. Liveness is a key's expiry on the Redis server, so
 * clocks do not matter. Beats that fail while Redis is away are reported and tried again at the next
 * interval.
 */
export async function startHeartbeat(
  redis: Connection,
  info: WorkerInfo,
  onError: (error: unknown) => void,
  intervalMs = 5000,
): Promise<Heartbeat> {
  let current = info;
  const beat = async (): Promise<void> => {
    const keys = [keyOf.worker(current.id), keyOf.workers, keyOf.routes];
    const facts = [JSON.stringify(current), current.id, heartbeatTtlSeconds, routeMemorySeconds];
    await beatScript.run(redis, keys, [...facts, ...routesOf(current)]);
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
      // One that is left in the set is forgotten as one whose key has expired.
      await Promise.all([redis.del(keyOf.worker(current.id)), redis.srem(keyOf.workers, current.id)]);
    },
  };
}

/** The workers alive now; forgets the ones whose key has expired. */
export async function liveWorkers(redis: Connection): Promise<WorkerInfo[]> {
  const values = (await liveScript.run(redis, [keyOf.workers])) as string[];
  return values.map((value) => JSON.parse(value) as WorkerInfo);
}

/**
 * Says that these routes will be served soon: a worker still loads its checkpoints, and requests may wait for
 * it.
 */
export async function registerRoutes(redis: Connection, routes: readonly string[]): Promise<void> {
  await registerScript.run(redis, [keyOf.routes], routes);
}

/**
 * The routes that workers have served in the last day, with the milliseconds since one last said that it
 * does.
 */
export async function knownRoutes(redis: Connection): Promise<Map<string, number>> {
  const found = (await routesScript.run(redis, [keyOf.routes])) as (string | number)[];
  const known = new Map<string, number>();
  for (let i = 0; i < found.length; i += 2) known.set(String(found[i]), Number(found[i + 1]));
  return known;
}
