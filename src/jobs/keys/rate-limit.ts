import { randomUUID } from 'node:crypto';
import type { Connection } from '../redis/connection.ts';
import { keyOf } from '../redis/names.ts';
import { defineScript } from '../redis/script.ts';

/**
 * The key lives until the Redis server's next full minute, so that all gateways count in the same window.
 * Each time has a name of its own, so that one is not counted twice; beyond the limit nothing is written.
 */
const countScript = defineScript(`
local t = redis.call('TIME')
local count = tonumber(redis.call('GET', KEYS[2]))
if not count then
  count = tonumber(redis.call('GET', KEYS[1]) or 0) + 1
  if count <= ARGV[1] + 1 then
    redis.call('INCR', KEYS[1])
    if count == 1 then redis.call('EXPIREAT', KEYS[1], t[1] - t[1] % 60 + 60) end
    redis.call('SET', KEYS[2], count, 'EX', 60)
  end
end
return {count, math.max(0, redis.call('PTTL', KEYS[1])), t[1] * 1000 + math.floor(t[2] / 1000)}`);

export interface Window {
  /** How often it has happened in this minute, this time included; at most two more than the limit. */
  readonly count: number;
  readonly resetsAt: Date;
  /** Whole seconds until then, at least 1. */
  readonly secondsLeft: number;
}

/**
 * Counts one more of `what` (with whose it is in it) in the current minute.
 * @param limit the most that are let through.
 */
export async function countInMinute(redis: Connection, what: string, limit: number): Promise<Window> {
  const answer = await countScript.run(redis, [keyOf.window(what), keyOf.counted(randomUUID())], [limit]);
  const [count, left, now] = answer as [number, number, number];
  return {
    count,
    resetsAt: new Date(now + left),
    secondsLeft: Math.max(1, Math.ceil(left / 1000)),
  };
}
