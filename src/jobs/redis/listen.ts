import { isNoPermission, lacking } from './assert-rights.ts';
import { connect, databaseOf, patientOptions } from './connection.ts';
import { keyTag } from './names.ts';
import type { RedisAddress } from './redis-address.ts';

export interface ListenOptions {
  readonly redisUrl: RedisAddress;
  /**
   * What to do with the messages of each channel. Channels, unlike keys, are shared by all databases of a
   * server; `database` is the number of the one that this connection has chosen.
   */
  readonly channels: Readonly<Record<string, (message: string, database: number) => void>>;
  /** The connection is back after it was lost: messages may have been missed. */
  readonly onBack: () => void;
  readonly onError: (error: Error) => void;
}

/**
 * Listens on a connection of its own; one that listens can do nothing else. Messages are lost while it is
 * down.
 */
export async function listen(options: ListenOptions): Promise<{ close(): void }> {
  const { redisUrl, channels, onBack, onError } = options;
  const subscriber = await connect(redisUrl, patientOptions(), onError);
  const database = databaseOf(subscriber);
  subscriber.on('message', (channel, message: string) => channels[channel]?.(message, database));
  const names = Object.keys(channels);
  try {
    await subscriber.subscribe(...names);
  } catch (error) {
    subscriber.disconnect();
    const url = typeof redisUrl === 'string' ? redisUrl : redisUrl.url;
    throw isNoPermission(error) ? lacking(url, `+subscribe &${keyTag}:*`, error) : error;
  }
  subscriber.on('ready', onBack);
  return { close: () => subscriber.disconnect() };
}
