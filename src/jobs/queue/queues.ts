import { setImmediate } from 'node:timers/promises';
import { Queue } from 'bullmq';
import type { RequestRecord } from '../../contract/request-record.ts';
import { routeOf } from '../../contract/routes.ts';
import { now } from '../records/record-scripts.ts';
import type { Connection } from '../redis/connection.ts';
import { bullKeyOf, keyOf, keyTag, queueNameOf } from '../redis/names.ts';
import { defineScript } from '../redis/script.ts';
import { placeJob, priorityOf } from './places.ts';

/** The queues of all routes, as a gateway sees them. */
export interface Queues {
  /** Gives an accepted request its job; one that has it keeps it. */
  add(id: string, route: string, priority: number): Promise<void>;
  /** The same for a request of which only the id is known; one that has ended needs no job. */
  addMissing(id: string): Promise<void>;
  /** Ids of requests, 100 at most, that were accepted some time ago and may have no job. */
  unqueued(): Promise<string[]>;
  /** Returns 1 where the job waited and is gone now, 0 where a worker holds it or there is none. */
  remove(record: RequestRecord): Promise<number>;
  close(): Promise<void>;
}

/** Between the record and the job of a submit only moments pass. */
const unqueuedAfterMs = 2000;

const unqueuedScript = defineScript(`${now}
return redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', now - ARGV[1], 'LIMIT', 0, 100)`);

const neededScript = defineScript(`
local r = redis.call('HMGET', KEYS[1], 'route', 'place', 'finishedAt')
if r[1] and r[2] and not r[3] then return {r[1], r[2]} end
redis.call('ZREM', '${keyOf.unqueued}', ARGV[1])
return false`);

/**
 * Where it runs before the job is there it changes nothing, unless `isThere`: then the job has come and gone.
 */
const addedScript = defineScript(`${placeJob}
local id, route, isThere = unpack(ARGV)
if isThere == '0' and redis.call('EXISTS', KEYS[3]) == 0 then return 0 end
local place = redis.call('HGET', KEYS[1], 'place')
if place and redis.call('ZSCORE', KEYS[2], id) then placeJob(KEYS[2], id, place) end
redis.call('ZREM', '${keyOf.unqueued}', id)
if redis.call('EXISTS', '${keyOf.paused}') == 1 then route = '' end
redis.call('PUBLISH', '${keyOf.submitted}', route)
return 1`);

/** Opens each queue when it is first used, all on the given connection. */
export function openQueues(redis: Connection, onError: (error: Error) => void): Queues {
  const open = new Map<string, Promise<Queue>>();
  const queueOf = (route: string): Promise<Queue> => {
    const known = open.get(route);
    if (known !== undefined) return known;
    const opening = openQueue(redis, route, onError);
    open.set(route, opening);
    // One that could not be opened never works: the next use opens another.
    opening.catch(() => open.delete(route));
    return opening;
  };
  // Every job has a priority: BullMQ runs jobs without before all that have one. What is to be made stands in
  // the record alone, which goes when it is due.
  const add = async (id: string, route: string, priority: number): Promise<void> => {
    const queue = await queueOf(route);
    const added = (isThere: 0 | 1) => {
      const keys = [keyOf.request(id), bullKeyOf(route, 'prioritized'), bullKeyOf(route, id)];
      return addedScript.run(redis, keys, [id, route, isThere]);
    };
    // BullMQ sends its command within this turn of the event loop; ours goes right behind it.
    const adding = queue.add('generate', null, { jobId: id, priority });
    const [placed] = await Promise.all([setImmediate().then(() => added(0)), adding]);
    if (placed === 0) await added(1);
  };
  return {
    add,
    addMissing: async (id) => {
      const needed = await neededScript.run(redis, [keyOf.request(id)], [id]);
      if (needed === null) return;
      const [route, place] = needed as [string, string];
      await add(id, route, priorityOf(Number(place)));
    },
    unqueued: async () => (await unqueuedScript.run(redis, [keyOf.unqueued], [unqueuedAfterMs])) as string[],
    remove: async ({ id, request }) => await (await queueOf(routeOf(request))).remove(id),
    close: async () => {
      const opened = await Promise.allSettled(open.values());
      await Promise.allSettled(opened.map((each) => each.status === 'fulfilled' && each.value.close()));
    },
  };
}

async function openQueue(
  redis: Connection,
  route: string,
  onError: (error: Error) => void,
): Promise<Queue<null>> {
  const queue = new Queue<null>(queueNameOf(route), {
    connection: redis,
    prefix: keyTag,
    defaultJobOptions: { removeOnComplete: true, removeOnFail: true },
    // Nobody reads them: what happens to requests is told through keyOf.events.
    streams: { events: { maxLen: 10 } },
  });
  queue.on('error', onError);
  try {
    await queue.waitUntilReady();
  } catch (error) {
    void queue.close().catch(() => undefined);
    throw error;
  }
  return queue;
}
