import type { Redis } from 'ioredis';
import { assertRights } from './assert-rights.ts';
import { assertUsable } from './assert-usable.ts';
import { moveEarlierLayout } from './earlier-layout.ts';
import { knockAt } from './knock.ts';
import { type ConnectionSettings, openRedis } from './open-redis.ts';
import { parseTopology, type RedisAddress } from './redis-address.ts';
import { type Explanation, explain, RedisTrouble } from './redis-trouble.ts';
import { isRefusal } from './unavailable.ts';

export type Connection = Redis;

/** The number of the database that this connection has chosen; 0 in a cluster, which has no other. */
export function databaseOf({ options }: Connection): number {
  return options.db ?? 0;
}

/** A connection is asked for a sign of life this often. */
const pingMs = 2000;
/**
 * One that owes an answer for this long has died without a sign (NAT, a firewall, a host that is gone), and
 * another is opened.
 */
const socketTimeout = 4000;

/**
 * Reconnect at least once a second: with the default growing delay an idle worker needed 18 s after a 20 s
 * outage.
 */
const retryStrategy = (attempt: number): number => Math.min(50 * attempt, 1000);

/** For request handlers: a command fails at once while Redis is away, and after `answerMs` when it hangs. */
export function failFastOptions(answerMs = 1000): ConnectionSettings {
  return {
    ...{ retryStrategy, socketTimeout: Math.max(socketTimeout, answerMs) },
    ...{ enableOfflineQueue: false, maxRetriesPerRequest: 1, commandTimeout: answerMs },
  };
}

/** For workers and blocking readers: a command waits until Redis is back. */
export function patientOptions(): ConnectionSettings {
  return { retryStrategy, socketTimeout, enableOfflineQueue: true, maxRetriesPerRequest: null };
}

/** Why a connection is not usable now. */
const troubles = new WeakMap<Connection, RedisTrouble>();

/** What was last said of a connection that is not usable now, for whoever tells that it is not. */
export function troubleOf(redis: Connection): RedisTrouble | undefined {
  return troubles.get(redis);
}

/** The same trouble is told again after this long. */
const repeatMs = 10_000;

/**
 * Opens a connection and waits until it is usable; what goes wrong with it, now and later, is told in words.
 * @throws RedisTrouble when Redis does not answer within `timeoutMs`, or at once where waiting does not help;
 * it names the address without its password, and the last cause.
 */
export async function connect(
  address: RedisAddress,
  settings: ConnectionSettings,
  onError: (error: Error) => void,
  timeoutMs = 10_000,
): Promise<Connection> {
  const url = typeof address === 'string' ? address : address.url;
  const { redis, doors } = openRedis(address, settings);
  const look = () => knockAt(doors);
  const lasting = watchTrouble(redis, url, look, onError);
  // Without a command under way nothing would be missed on a dead connection; a listener's has none for
  // hours.
  const pings = setInterval(() => {
    if (redis.status === 'ready') redis.ping().catch(() => undefined);
  }, pingMs);
  pings.unref();
  redis.once('end', () => clearInterval(pings));
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(reject, timeoutMs);
  });
  const usable = new Promise<void>((resolve) => {
    if (redis.status === 'ready') resolve();
    else redis.once('ready', resolve);
  }).then(async () => {
    await assertUsable(redis, url);
    await assertRights(redis, url);
    // A cluster has never been used under other names.
    if (parseTopology(url)?.kind !== 'cluster') await moveEarlierLayout(redis, url);
  });
  try {
    await Promise.race([usable, lasting, late]);
    return redis;
  } catch (error) {
    redis.disconnect();
    usable.catch(() => undefined);
    if (error instanceof RedisTrouble) throw error;
    const said = isRefusal(error) ? explain(error) : undefined;
    if (said !== undefined) throw new RedisTrouble(url, said, error);
    const trouble = troubles.get(redis);
    const { reason } = trouble ?? (await look());
    const late = `did not answer within ${timeoutMs / 1000} s: it ${reason}`;
    throw new RedisTrouble(url, { reason: late, isLasting: false }, trouble?.cause ?? error);
  } finally {
    clearTimeout(timer);
  }
}

/**
 * Tells each trouble of a connection for as long as it lives.
 * @returns a promise that rejects with the first that waiting does not mend, until it is ready for the first
 * time.
 */
function watchTrouble(
  redis: Connection,
  url: string,
  look: () => Promise<Explanation>,
  onError: (error: Error) => void,
): Promise<never> {
  const lasting = Promise.withResolvers<never>();
  lasting.promise.catch(() => undefined);
  let told: { readonly message: string; readonly at: number } | undefined;
  let heard = false;
  const tell = (trouble: RedisTrouble): void => {
    troubles.set(redis, trouble);
    if (trouble.isLasting) lasting.reject(trouble);
    const now = performance.now();
    if (told?.message === trouble.message && now - told.at < repeatMs) return;
    told = { message: trouble.message, at: now };
    onError(trouble);
  };
  redis.on('error', (error: Error) => {
    const explanation = explain(error);
    if (explanation === undefined) return;
    heard = true;
    tell(new RedisTrouble(url, explanation, error));
  });
  redis.on('close', () => {
    // Ended without a word, perhaps twice: then somebody has to ask.
    const isSilent = !heard && troubles.get(redis) === undefined && redis.status !== 'end';
    heard = false;
    if (isSilent)
      void look().then((explanation) => {
        if (redis.status !== 'ready') tell(new RedisTrouble(url, explanation));
      });
  });
  redis.on('ready', () => {
    troubles.delete(redis);
    told = undefined;
  });
  return lasting.promise;
}

/** Redis may drop queued jobs and results. */
export class EvictionError extends Error {
  override readonly name = 'EvictionError';
}

/**
 * Queued jobs and results must never be evicted to make room.
 * @throws EvictionError when `maxmemory-policy` is anything but noeviction. A server that hides CONFIG (some
 * hosted ones) is asked through INFO.
 */
export async function assertNoEviction(redis: Connection): Promise<void> {
  const info = await redis.info('memory');
  const policy = /^maxmemory_policy:(\S+)/m.exec(info)?.[1];
  if (policy !== 'noeviction')
    throw new EvictionError(
      `Redis has maxmemory-policy "${policy ?? 'unknown'}" and would drop queued jobs when full: set it to "noeviction"`,
    );
}
