import type { Connection } from '../redis/connection.ts';
import { keyOf } from '../redis/names.ts';

/** The key lives until the Redis server's next full minute, so that all gateways count in the same window. */
const countScript = `
local count = redis.call('INCR', KEYS[1])
local t = redis.call('TIME')
if count == 1 then redis.call('EXPIREAT', KEYS[1], t[1] - t[1] % 60 + 60) end
return {count, redis.call('PTTL', KEYS[1]), t[1] * 1000 + math.floor(t[2] / 1000)}`;

export interface Window {
  /** How often it has happened in this minute, this time included. */
  readonly count: number;
  readonly resetsAt: Date;
  /** Whole seconds until then, at least 1. */
  readonly secondsLeft: number;
}

/** Counts one more of `what` (with whose it is in it) in the current minute. */
export async function countInMinute(redis: Connection, what: string): Promise<Window> {
  const [count, left, now] = (await redis.eval(countScript, 1, keyOf.window(what))) as [
    number,
    number,
    number,
  ];
  return {
    count,
    resetsAt: new Date(now + left),
    secondsLeft: Math.max(1, Math.ceil(left / 1000)),
  };
}
