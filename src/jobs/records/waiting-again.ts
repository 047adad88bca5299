import { placeJob } from '../queue/places.ts';
import type { Connection } from '../redis/connection.ts';
import { bullKeyOf, keyOf } from '../redis/names.ts';
import { defineScript } from '../redis/script.ts';
import { tell } from './record-scripts.ts';

/** How a request that was being worked on comes to wait again, at the place it had. */

/**
 * `waitAgain(id, record, place)`. That the attempt is over is remembered, so that its second call of the
 * script below is answered as the first.
 */
const waitAgain = `local function waitAgain(id, record, place)
  local run = redis.call('HGET', record, 'run')
  redis.call('HDEL', record, 'startedAt', 'progress', 'run')
  if run then redis.call('HSET', record, 'lastRun', run) end
  redis.call('ZADD', '${keyOf.waiting}', place, id)
  tell(id, 'waiting')
end`;

const requeueScript = defineScript(`${tell}
${waitAgain}
local id, run, why, most = unpack(ARGV)
local r = redis.call('HMGET', KEYS[1], 'place', 'finishedAt', 'run', 'lastRun', 'failures')
if not r[1] or r[2] then return 0 end
if r[3] ~= run then return r[4] == run and 1 or 0 end
if why == 'given back' then redis.call('HINCRBY', KEYS[1], 'attempts', -1) end
if why == 'failed' then
  if tonumber(r[5] or 0) + 1 >= tonumber(most) then return -1 end
  redis.call('HINCRBY', KEYS[1], 'failures', 1)
end
waitAgain(id, KEYS[1], r[1])
return 1`);

const placeScript = defineScript(`${tell}
${waitAgain}
${placeJob}
local id = ARGV[1]
if redis.call('EXISTS', KEYS[2]) == 1 then return 0 end
local r = redis.call('HMGET', KEYS[1], 'place', 'finishedAt', 'startedAt')
if redis.call('LREM', KEYS[3], 1, id) == 1 or redis.call('ZSCORE', KEYS[4], id) then
  placeJob(KEYS[4], id, r[1] or 0)
end
if r[1] and r[3] and not r[2] then waitAgain(id, KEYS[1], r[1]) end
redis.call('PUBLISH', '${keyOf.submitted}', id)
return 1`);

/**
 * Why an attempt is over without an outcome: its worker shuts down (the attempt does not count), it failed in
 * a way that another may not, or it was ended by what was not its doing.
 */
export type RequeueReason = 'given back' | 'failed' | 'disturbed';

/**
 * The request of an attempt waits again, unless it has ended or another attempt has begun.
 * @param most failures of its own after which a request is not tried again.
 * @returns false when this one was the last it had: nothing has changed.
 */
export async function requeueRecord(
  redis: Connection,
  id: string,
  run: string,
  why: RequeueReason,
  most = 2,
): Promise<boolean> {
  return Number(await requeueScript.run(redis, [keyOf.request(id)], [id, run, why, most])) >= 0;
}

/**
 * A job that came back to its queue goes to its place there, and its request says that it waits: unless a
 * worker has it again.
 */
export async function putInPlace(redis: Connection, id: string, route: string): Promise<void> {
  const states = ['wait', 'prioritized'].map((state) => bullKeyOf(route, state));
  await placeScript.run(redis, [keyOf.request(id), `${bullKeyOf(route, id)}:lock`, ...states], [id]);
}
