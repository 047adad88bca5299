import { now } from '../records/record-scripts.ts';
import type { Connection } from '../redis/connection.ts';
import { bullKeyOf, keyOf } from '../redis/names.ts';
import { defineScript } from '../redis/script.ts';

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
 * of the sorted set.
 */
const headsScript = defineScript(`${now}
if redis.call('EXISTS', '${keyOf.paused}') == 1 then return {} end
local heads = {}
for i = 1, #KEYS, 2 do
  local id = redis.call('LINDEX', KEYS[i], -1) or redis.call('ZRANGE', KEYS[i + 1], 0, 0)[1]
  if id then
    local r = redis.call('HMGET', '${keyOf.request('')}' .. id, 'place', 'submittedAt')
    heads[#heads + 1] = {(i - 1) / 2, r[1] or '0', r[2] and now - r[2] or 0}
  end
end
return heads`);

/** The heads of those queues that have any; none while the queues are paused. */
export async function queueHeads(redis: Connection, routes: readonly string[]): Promise<QueueHead[]> {
  const keys = routes.flatMap((route) => ['wait', 'prioritized'].map((state) => bullKeyOf(route, state)));
  const heads = await headsScript.run(redis, keys);
  return (heads as [number, string, number][]).map(([index, place, waitedMs]) => ({
    route: routes[index]!,
    place: Number(place),
    waitedMs,
  }));
}
