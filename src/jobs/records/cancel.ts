import type { Connection } from '../redis/connection.ts';
import { keyOf } from '../redis/names.ts';

/** Tells the worker that holds a request, whichever it is, to stop. Nobody has to be listening. */
export async function publishCancel(redis: Connection, id: string): Promise<void> {
  await redis.publish(keyOf.cancel, id);
}

/**
 * Whether a request has ended: a cancel may have been published while the worker that holds it could not
 * hear.
 */
export async function hasEnded(redis: Connection, id: string): Promise<boolean> {
  return (await redis.hexists(keyOf.request(id), 'finishedAt')) === 1;
}
