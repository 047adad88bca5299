import { setTimeout } from 'node:timers/promises';
import type { Connection } from '../../../src/jobs/redis/connection.ts';

/**
 * How long a draining worker waits for a Redis that is away; the job in hand then counts as lost and is taken
 * over.
 */
const goneMs = 2000;

/** Resolves once Redis has been away for that long; looked at in that interval. */
export async function redisGone(redis: Connection, stop: AbortSignal): Promise<void> {
  let away = false;
  for (;;) {
    await setTimeout(goneMs, undefined, { signal: stop }).catch(() => undefined);
    if (stop.aborted || (away && redis.status !== 'ready')) return;
    away = redis.status !== 'ready';
  }
}
