import { now } from '../records/record-scripts.ts';
import type { Connection } from '../redis/connection.ts';
import { keyOf, queueNameOf } from '../redis/names.ts';

/** The job that a route's queue would give away next. */
export interface QueueHead {
  readonly route: string;
  /** See places.ts. */
  readonly place: number;
  /** Since it was accepted. */
  readonly waitedMs: number;
}

/**
 * BullMQ gives away from the tail of the list (jobs that come back from a dead worker), then the lowest score
 * of the sorted set, then a delayed job whose time has come; delayed scores are milliseconds of the workers'
 * clocks times 4096.
 */
const headsScript = `${now}
local heads = {}
for i = 1, #KEYS, 3 do
  local id = redis.call('LINDEX', KEYS[i], -1) or redis.call('ZRANGE', KEYS[i + 1], 0, 0)[1]
    or redis.call('ZRANGEBYSCORE', KEYS[i + 2], 0, (ARGV[1] + 1) * 4096 - 1, 'LIMIT', 0, 1)[1]
  if id then
    local r = redis.call('HMGET', '${keyOf.request('')}' .. id, 'place', 'submittedAt')
    heads[#heads + 1] = {(i - 1) / 3, r[1] or '0', r[2] and now - r[2] or 0}
  end
end
return heads`;

/** The heads of those queues that have any. */
export async function queueHeads(redis: Connection, routes: readonly string[]): Promise<QueueHead[]> {
  const keys = routes.flatMap((route) =>
    ['wait', 'prioritized', 'delayed'].map((state) => `bull:${queueNameOf(route)}:${state}`),
  );
  const heads = await redis.eval(headsScript, keys.length, ...keys, Date.now());
  return (heads as [number, string, number][]).map(([index, place, waitedMs]) => ({
    route: routes[index]!,
    place: Number(place),
    waitedMs,
  }));
}
