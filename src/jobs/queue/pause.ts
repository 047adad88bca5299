import type { Connection } from '../redis/connection.ts';
import { bullKeyOf, keyOf } from '../redis/names.ts';
import { knownRoutes } from './heartbeat.ts';

/** Whether workers leave waiting requests alone; what runs goes on, and new requests are accepted. */
export async function isPaused(redis: Connection): Promise<boolean> {
  return (await redis.exists(keyOf.paused)) === 1;
}

/** Stops all workers from taking requests, or lets them go on. */
export async function setPaused(redis: Connection, paused: boolean): Promise<void> {
  if (paused) await redis.set(keyOf.paused, '1');
  else await redis.del(keyOf.paused);
  // Workers look at their queues.
  await redis.publish(keyOf.submitted, '');
}

/** What waits and what runs in the queue of one route. */
export interface RouteCount {
  readonly route: string;
  readonly waiting: number;
  readonly processing: number;
}

/** The queues of every route that was served in the last day. */
export async function countByRoute(redis: Connection): Promise<RouteCount[]> {
  const routes = [...(await knownRoutes(redis)).keys()].sort();
  const pipeline = redis.pipeline();
  for (const route of routes) {
    const key = (state: string) => bullKeyOf(route, state);
    pipeline.llen(key('wait')).zcard(key('prioritized')).llen(key('active'));
  }
  const counts = ((await pipeline.exec()) ?? []).map(([error, count]) => {
    if (error) throw error;
    return Number(count);
  });
  return routes.map((route, index) => {
    const [wait = 0, prioritized = 0, processing = 0] = counts.slice(3 * index, 3 * index + 3);
    return { route, waiting: wait + prioritized, processing };
  });
}
