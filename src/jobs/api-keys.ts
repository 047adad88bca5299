import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import type { Connection } from './connection.ts';
import { keyOf } from './names.ts';

/** What is stored of an API key: never the key itself. */
export interface ApiKey {
  /** First 16 hex digits of the key's SHA-256; owner id of the requests made with it. */
  readonly id: string;
  readonly name: string;
  /** Milliseconds since the epoch. */
  readonly createdAt: number;
}

const digestOf = (presented: string): Buffer => createHash('sha256').update(presented).digest();
const idOf = (digest: Buffer): string => digest.subarray(0, 8).toString('hex');

/** Makes a key `SG_` + 16 hex digits (clients check that form) and returns it: the only moment it can be read. */
export async function createApiKey(
  redis: Connection,
  name: string,
): Promise<{ key: string; apiKey: ApiKey }> {
  const key = `SG_${randomBytes(8).toString('hex')}`;
  const digest = digestOf(key);
  const apiKey: ApiKey = { id: idOf(digest), name, createdAt: Date.now() };
  await redis
    .multi()
    .hset(keyOf.apiKey(apiKey.id), {
      digest: digest.toString('hex'),
      name,
      createdAt: String(apiKey.createdAt),
    })
    .sadd(keyOf.apiKeys, apiKey.id)
    .exec();
  return { key, apiKey };
}

/** The stored key that matches the presented text, or undefined. The digests are compared in constant time. */
export async function findApiKey(redis: Connection, presented: string): Promise<ApiKey | undefined> {
  const digest = digestOf(presented);
  const id = idOf(digest);
  const stored = await redis.hgetall(keyOf.apiKey(id));
  const storedDigest = Buffer.from(stored.digest ?? '', 'hex');
  if (storedDigest.length !== digest.length || !timingSafeEqual(storedDigest, digest)) return undefined;
  return { id, name: stored.name ?? '', createdAt: Number(stored.createdAt) };
}

/** On the first start of an installation: makes a key and returns it. Undefined when any key exists already. */
export async function ensureFirstKey(redis: Connection, name = 'first'): Promise<string | undefined> {
  if ((await redis.scard(keyOf.apiKeys)) > 0) return undefined;
  return (await createApiKey(redis, name)).key;
}
