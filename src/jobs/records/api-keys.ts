import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import type { Endpoint } from '../../contract/endpoints.ts';
import type { Connection } from '../redis/connection.ts';
import { keyOf } from '../redis/names.ts';
import { fromMillionths, toMillionths } from './credits.ts';

/** What a key allows; what is left out is not limited. */
export interface KeyLimits {
  /** The only endpoints it may submit to. */
  readonly endpoints?: readonly Endpoint[];
  /** Its balance. */
  readonly credits?: number;
  /** Submits in one minute of the Redis server's clock. */
  readonly requestsPerMinute?: number;
  /** Requests of it that wait or run at the same time. */
  readonly maxQueued?: number;
  /** May give its requests a priority. */
  readonly admin?: boolean;
}

/** What is stored of an API key: never the key itself. */
export interface ApiKey extends KeyLimits {
  /** First 16 hex digits of the key's SHA-256; owner id of the requests made with it. */
  readonly id: string;
  readonly name: string;
  /** Milliseconds since the epoch. */
  readonly createdAt: number;
  readonly admin: boolean;
}

const digestOf = (presented: string): Buffer => createHash('sha256').update(presented).digest();
const idOf = (digest: Buffer): string => digest.subarray(0, 8).toString('hex');

/**
 * Makes a key `SG_` + 16 hex digits (clients check that form) and returns it: the only moment it can be read.
 */
export async function createApiKey(
  redis: Connection,
  name: string,
  limits: KeyLimits = {},
): Promise<{ key: string; apiKey: ApiKey }> {
  const { endpoints, credits, requestsPerMinute, maxQueued, admin = false } = limits;
  const key = `SG_${randomBytes(8).toString('hex')}`;
  const digest = digestOf(key);
  const apiKey: ApiKey = { ...limits, id: idOf(digest), name, createdAt: Date.now(), admin };
  await redis
    .multi()
    .hset(keyOf.apiKey(apiKey.id), {
      digest: digest.toString('hex'),
      name,
      createdAt: String(apiKey.createdAt),
      ...(endpoints && { endpoints: endpoints.join(',') }),
      ...(credits !== undefined && { credits: toMillionths(credits) }),
      ...(requestsPerMinute !== undefined && { requestsPerMinute }),
      ...(maxQueued !== undefined && { maxQueued }),
      ...(admin && { admin: 1 }),
    })
    .sadd(keyOf.apiKeys, apiKey.id)
    .exec();
  return { key, apiKey };
}

/**
 * The stored key that matches the presented text, or undefined. The digests are compared in constant time.
 */
export async function findApiKey(redis: Connection, presented: string): Promise<ApiKey | undefined> {
  const digest = digestOf(presented);
  const id = idOf(digest);
  const stored = await redis.hgetall(keyOf.apiKey(id));
  const storedDigest = Buffer.from(stored.digest ?? '', 'hex');
  if (storedDigest.length !== digest.length || !timingSafeEqual(storedDigest, digest)) return undefined;
  return parseApiKey(id, stored);
}

function parseApiKey(id: string, stored: Record<string, string>): ApiKey {
  const { endpoints, credits, requestsPerMinute, maxQueued } = stored;
  return {
    id,
    name: stored.name ?? '',
    createdAt: Number(stored.createdAt),
    ...(endpoints && { endpoints: endpoints.split(',') as Endpoint[] }),
    ...(credits && { credits: fromMillionths(credits) }),
    ...(requestsPerMinute && { requestsPerMinute: Number(requestsPerMinute) }),
    ...(maxQueued && { maxQueued: Number(maxQueued) }),
    admin: stored.admin === '1',
  };
}

/** Every key, the oldest first. */
export async function listApiKeys(redis: Connection): Promise<ApiKey[]> {
  const ids = await redis.smembers(keyOf.apiKeys);
  const stored = await Promise.all(ids.map((id) => redis.hgetall(keyOf.apiKey(id))));
  return ids
    .map((id, index) => parseApiKey(id, stored[index]!))
    .sort((a, b) => a.createdAt - b.createdAt || a.id.localeCompare(b.id));
}

/**
 * From now on the key is unknown; its requests go on, but nobody can ask for them any more.
 * @returns false for an unknown id.
 */
export async function revokeApiKey(redis: Connection, id: string): Promise<boolean> {
  const removed = await redis.multi().del(keyOf.apiKey(id)).srem(keyOf.apiKeys, id).exec();
  return removed?.[0]?.[1] === 1;
}

/**
 * On the first start of an installation: makes a key and returns it. Undefined when any key exists already.
 */
export async function ensureFirstKey(redis: Connection, name = 'first'): Promise<string | undefined> {
  if ((await redis.scard(keyOf.apiKeys)) > 0) return undefined;
  return (await createApiKey(redis, name)).key;
}
