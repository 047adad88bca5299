import { type Connection, connect, patientOptions } from './connection.ts';
import { keyOf } from './names.ts';

/** Tells the worker that holds a request, whichever it is, to stop. Nobody has to be listening. */
export async function publishCancel(redis: Connection, id: string): Promise<void> {
  await redis.publish(keyOf.cancel, id);
}

export interface CancelListenerOptions {
  readonly redisUrl: string;
  /** For reads; a connection that listens can do nothing else. */
  readonly redis: Connection;
  /** Ids of the requests this worker works on now. */
  readonly held: ReadonlySet<string>;
  readonly onError: (error: Error) => void;
}

/**
 * Calls `onCancel` for requests of this worker that are to stop. A message is lost where the connection is down at that moment,
 * so the requests in hand are looked up whenever it is back.
 */
export async function listenForCancels(
  { redisUrl, redis, held, onError }: CancelListenerOptions,
  onCancel: (id: string) => void,
): Promise<{ close(): void }> {
  const subscriber = await connect(redisUrl, patientOptions(), onError);
  subscriber.on('message', (_, id: string) => {
    if (held.has(id)) onCancel(id);
  });
  const lookUp = async (): Promise<void> => {
    for (const id of held) if (await redis.hexists(keyOf.request(id), 'finishedAt')) onCancel(id);
  };
  subscriber.on('ready', () => void lookUp().catch(onError));
  await subscriber.subscribe(keyOf.cancel);
  return { close: () => subscriber.disconnect() };
}
