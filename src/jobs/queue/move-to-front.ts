import type { RequestRecord } from '../../contract/request-record.ts';
import { routeOf } from '../../contract/routes.ts';
import { tell } from '../records/record-scripts.ts';
import type { Connection } from '../redis/connection.ts';
import { bullKeyOf, keyOf } from '../redis/names.ts';
import { defineScript } from '../redis/script.ts';
import { placeJob } from './places.ts';

/** The place before the first of all that wait; a request that is first already stays where it is. */
const frontScript = defineScript(`${tell}
${placeJob}
local id = ARGV[1]
local first = redis.call('ZRANGE', KEYS[2], 0, 0, 'WITHSCORES')
if not redis.call('ZSCORE', KEYS[2], id) then return 0 end
if first[1] == id then return 1 end
local place = string.format('%.0f', first[2] - 1)
redis.call('HSET', KEYS[1], 'place', place)
redis.call('ZADD', KEYS[2], place, id)
if redis.call('ZSCORE', KEYS[3], id) then placeJob(KEYS[3], id, tonumber(place)) end
tell(id, 'waiting')
redis.call('PUBLISH', '${keyOf.submitted}', id)
return 1`);

/**
 * Moves a request before all others that wait.
 * @returns false when it does not wait any more.
 */
export async function moveToFront(redis: Connection, { id, request }: RequestRecord): Promise<boolean> {
  const keys = [keyOf.request(id), keyOf.waiting, bullKeyOf(routeOf(request), 'prioritized')];
  return (await frontScript.run(redis, keys, [id])) === 1;
}
