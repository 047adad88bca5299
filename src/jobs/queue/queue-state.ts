import { now } from '../records/record-scripts.ts';
import type { Connection } from '../redis/connection.ts';
import { keyOf } from '../redis/names.ts';
import { defineScript } from '../redis/script.ts';

/** All requests that have not ended, of whatever route. */
export interface QueueState {
  readonly waiting: number;
  readonly processing: number;
  /** Of the request that has waited longest; 0 where none waits. */
  readonly longestWaitSeconds: number;
}

/** Deadlines are in the order of acceptance; those of running requests, a few, stand among the first. */
const stateScript = defineScript(`${now}
local waiting, all = redis.call('ZCARD', KEYS[1]), redis.call('ZCARD', KEYS[2])
local longest, from = 0, 0
while waiting > 0 and from < all do
  for _, id in ipairs(redis.call('ZRANGE', KEYS[2], from, from + 99)) do
    if redis.call('ZSCORE', KEYS[1], id) then
      longest = now - (redis.call('HGET', '${keyOf.request('')}' .. id, 'submittedAt') or now)
      return {waiting, all - waiting, longest}
    end
  end
  from = from + 100
end
return {waiting, all - waiting, longest}`);

export async function readQueueState(redis: Connection): Promise<QueueState> {
  const [waiting, processing, longestMs] = (await stateScript.run(redis, [
    keyOf.waiting,
    keyOf.deadlines,
  ])) as [number, number, number];
  return { waiting, processing, longestWaitSeconds: longestMs / 1000 };
}
