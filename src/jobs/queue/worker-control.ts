import { type Connection, databaseOf } from '../redis/connection.ts';
import { listen } from '../redis/listen.ts';
import { keyOf } from '../redis/names.ts';
import type { RedisAddress } from '../redis/redis-address.ts';

/** What an administrator asks of workers. */
export type WorkerOrder =
  /** Have the checkpoint of this served name loaded, or not loaded. */
  | { readonly act: 'load' | 'unload'; readonly model: string }
  /** Look at the models folder anew. */
  | { readonly act: 'rescan' };

/** Redis hands messages to listeners of every database of a server; this is that of the sender. */
interface Addressed {
  readonly database?: number;
}

/** Tells all live workers of this database; those whom it does not concern pass it over. */
export async function orderWorkers(redis: Connection, order: WorkerOrder): Promise<void> {
  const message: WorkerOrder & Addressed = { ...order, database: databaseOf(redis) };
  await redis.publish(keyOf.orders, JSON.stringify(message));
}

/** Hears orders on a connection of its own. One that is given while it is down is not heard. */
export async function hearOrders(
  redisUrl: RedisAddress,
  onOrder: (order: WorkerOrder) => void,
  onError: (error: Error) => void,
): Promise<{ close(): void }> {
  return await listen({
    redisUrl,
    channels: {
      [keyOf.orders]: (message, own) => {
        const { database = 0, ...order } = JSON.parse(message) as WorkerOrder & Addressed;
        if (database === own) onOrder(order);
      },
    },
    onBack: () => undefined,
    onError,
  });
}
