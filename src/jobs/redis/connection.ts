import { Redis, ReplyError } from 'ioredis';

export type Connection = Redis;

/** The few connection options in use, in a shape that both ioredis and BullMQ take. */
export interface ConnectionSettings {
  retryStrategy: (attempt: number) => number;
  maxRetriesPerRequest: number | null;
  enableOfflineQueue: boolean;
  commandTimeout?: number;
  socketTimeout: number;
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

/** Where Redis listens: `redis://`, `rediss://`, `unix:/path/redis.sock` or a bare socket path. */
function address(url: string): string {
  return url.startsWith('unix:') ? url.slice('unix:'.length).replace(/^\/\//, '') : url;
}

/** For request handlers: a command fails at once while Redis is away and within 1 s when it hangs. */
export function failFastOptions(): ConnectionSettings {
  return {
    ...{ retryStrategy, socketTimeout },
    ...{ enableOfflineQueue: false, maxRetriesPerRequest: 1, commandTimeout: 1000 },
  };
}

/** For workers and blocking readers: a command waits until Redis is back. */
export function patientOptions(): ConnectionSettings {
  return { retryStrategy, socketTimeout, enableOfflineQueue: true, maxRetriesPerRequest: null };
}

/** Connection options in the shape BullMQ takes: it makes and closes its own connections from them. */
export function bullOptions(url: string, settings: ConnectionSettings): ConnectionSettings & { url: string } {
  return { ...settings, url: address(url) };
}

/**
 * Opens a connection and waits until it is usable.
 * @throws when Redis does not answer within `timeoutMs`; the message names the address without its password.
 */
export async function connect(
  url: string,
  settings: ConnectionSettings,
  onError: (error: Error) => void,
  timeoutMs = 10_000,
): Promise<Connection> {
  const redis = new Redis(address(url), settings);
  redis.on('error', onError);
  // Without a command under way nothing would be missed on a dead connection; a listener's has none for hours.
  const pings = setInterval(() => {
    if (redis.status === 'ready') redis.ping().catch(() => undefined);
  }, pingMs);
  pings.unref();
  redis.once('end', () => clearInterval(pings));
  if (redis.status === 'ready') return redis;
  await new Promise<void>((resolve, reject) => {
    const timer = setTimeout(() => {
      clearInterval(pings);
      redis.disconnect();
      reject(new Error(`Redis at ${withoutPassword(url)} did not answer within ${timeoutMs / 1000} s`));
    }, timeoutMs);
    redis.once('ready', () => {
      clearTimeout(timer);
      resolve();
    });
  });
  return redis;
}

export function withoutPassword(url: string): string {
  return url.replace(/\/\/[^@/]*@/, '//');
}

/**
 * Queued jobs and results must never be evicted to make room.
 * @throws when `maxmemory-policy` is anything but noeviction. A server that hides CONFIG (some hosted ones)
 * is asked through INFO.
 */
export async function assertNoEviction(redis: Connection): Promise<void> {
  const info = await redis.info('memory');
  const policy = /^maxmemory_policy:(\S+)/m.exec(info)?.[1];
  if (policy !== 'noeviction')
    throw new Error(
      `Redis has maxmemory-policy "${policy ?? 'unknown'}" and would drop queued jobs when full: set it to "noeviction"`,
    );
}

const connectionTrouble =
  /Stream isn't writeable|Connection is closed|Command timed out|max retries per request|ECONNREFUSED|ECONNRESET|ENOENT|EPIPE|ETIMEDOUT|socket closed|Socket timeout|Command aborted/i;
const serverTrouble =
  /^(?:MISCONF|OOM|LOADING|READONLY|CLUSTERDOWN|MASTERDOWN|NOREPLICAS|TRYAGAIN|BUSY|EXECABORT)\b/;

/** Whether Redis itself has refused a command: then nothing of it was done. */
export function isRefusal(error: unknown): boolean {
  return error instanceof ReplyError || (error instanceof Error && error.name === 'ReplyError');
}

/**
 * Whether an error means that Redis cannot be reached or cannot take writes now: the client should try again
 * later.
 */
export function isUnavailable(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if (isRefusal(error)) return serverTrouble.test(error.message);
  return (
    error.name === 'MaxRetriesPerRequestError' ||
    connectionTrouble.test(`${error.message} ${(error as NodeJS.ErrnoException).code ?? ''}`) ||
    serverTrouble.test(error.message)
  );
}
