import { createHash, randomBytes, randomUUID, timingSafeEqual } from 'node:crypto';
import type { Endpoint } from '../../contract/endpoints.ts';
import type { Connection } from '../redis/connection.ts';
import { keyOf } from '../redis/names.ts';
import { defineScript } from '../redis/script.ts';
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

/** The id that a key has, whether or not it is known. */
export const keyIdOf = (key: string): string => idOf(digestOf(key));

/**
 * A key is made where there is none of that digest yet and, for the first of an installation, none at all.
 * Its own first run counts as this one.
 */
const createScript = defineScript(`
local key, ids = KEYS[1], KEYS[2]
local id, onlyFirst, digest = ARGV[1], ARGV[2], ARGV[4]
local present = redis.call('HGET', key, 'digest')
if present then return present == digest and 1 or 0 end
if onlyFirst == '1' and redis.call('SCARD', ids) > 0 then return 0 end
for i = 3, #ARGV, 2 do redis.call('HSET', key, ARGV[i], ARGV[i + 1]) end
redis.call('SADD', ids, id)
return 1`);

/** A key that is gone is gone: the second run finds what the first has left behind. */
const revokeScript = defineScript(`
local revoked = redis.call('DEL', KEYS[1])
redis.call('SREM', KEYS[2], ARGV[1])
if revoked == 1 then redis.call('SET', KEYS[3], 1, 'EX', 60) end
return redis.call('EXISTS', KEYS[3])`);

/** The stored fields of a key; the digest comes first. */
function fieldsOf(digest: string, apiKey: ApiKey, spent = 0): string[] {
  const { name, createdAt, endpoints, credits, requestsPerMinute, maxQueued, admin } = apiKey;
  const fields = {
    digest,
    name,
    createdAt,
    ...(endpoints && { endpoints: endpoints.join(',') }),
    ...(credits !== undefined && { credits: toMillionths(credits) }),
    ...(spent > 0 && { spent: toMillionths(spent) }),
    ...(requestsPerMinute !== undefined && { requestsPerMinute }),
    ...(maxQueued !== undefined && { maxQueued }),
    ...(admin && { admin: 1 }),
  };
  return Object.entries(fields).flat().map(String);
}

async function store(redis: Connection, apiKey: ApiKey, fields: readonly string[], onlyFirst: boolean) {
  const keys = [keyOf.apiKey(apiKey.id), keyOf.apiKeys];
  return (await createScript.run(redis, keys, [apiKey.id, onlyFirst ? 1 : 0, ...fields])) === 1;
}

function newKey(name: string, limits: KeyLimits): { key: string; apiKey: ApiKey; digest: string } {
  const key = `SG_${randomBytes(8).toString('hex')}`;
  const digest = digestOf(key);
  const { admin = false } = limits;
  const apiKey = { ...limits, id: idOf(digest), name, createdAt: Date.now(), admin };
  return { key, apiKey, digest: digest.toString('hex') };
}

/**
 * Makes a key `SG_` + 16 hex digits (clients check that form) and returns it: the only moment it can be read.
 */
export async function createApiKey(
  redis: Connection,
  name: string,
  limits: KeyLimits = {},
): Promise<{ key: string; apiKey: ApiKey }> {
  const { key, apiKey, digest } = newKey(name, limits);
  await store(redis, apiKey, fieldsOf(digest, apiKey), false);
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

/** The key of that id; undefined where there is none. */
export async function readApiKey(redis: Connection, id: string): Promise<ApiKey | undefined> {
  const stored = await redis.hgetall(keyOf.apiKey(id));
  return stored.digest === undefined ? undefined : parseApiKey(id, stored);
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
  const keys = [keyOf.apiKey(id), keyOf.apiKeys, keyOf.revocation(randomUUID())];
  return (await revokeScript.run(redis, keys, [id])) === 1;
}

/**
 * On the first start of an installation: makes a key for whoever started it, an admin key, and returns it.
 * Undefined when any key exists already.
 */
export async function ensureFirstKey(redis: Connection, name = 'first'): Promise<string | undefined> {
  const { key, apiKey, digest } = newKey(name, { admin: true });
  return (await store(redis, apiKey, fieldsOf(digest, apiKey), true)) ? key : undefined;
}
