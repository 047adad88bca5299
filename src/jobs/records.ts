import { createHash } from 'node:crypto';
import type { GenerationRequest, GenerationResult } from '../contract/generation.ts';
import type { RequestRecord } from '../contract/request-record.ts';
import type { Connection } from './connection.ts';
import { fromMillionths, toMillionths } from './credits.ts';
import { keyOf, type Lifetimes } from './names.ts';

/**
 * The record of a request is a hash of its own, outside BullMQ, so that "gone after an hour" is a key's expiry and not a
 * lazy clean-up. All times are the Redis server's: gateways and workers may disagree about the clock.
 */

const now = `local t = redis.call('TIME'); local now = t[1] * 1000 + math.floor(t[2] / 1000)`;

/**
 * Ends what a request holds of its owner: its place among the unfinished and, where `refunded`, its credits. The owner is known
 * only from the record, so the keys of the owner are built here.
 */
const release = `local function release(id, owner, cost, refunded)
  redis.call('SREM', '${keyOf.unfinished('')}' .. owner, id)
  redis.call('ZREM', '${keyOf.deadlines}', id)
  local key = '${keyOf.apiKey('')}' .. owner
  if refunded and tonumber(cost or 0) > 0 and redis.call('HEXISTS', key, 'credits') == 1 then
    redis.call('HINCRBY', key, 'credits', cost)
    redis.call('HINCRBY', key, 'spent', -cost)
  end
end`;

/** One step: what the key allows is checked, its credits are taken and the record is written, or nothing of it happens. */
const createScript = `${now}
if KEYS[5] then
  local earlier = redis.call('HMGET', KEYS[5], 'id', 'fingerprint')
  if earlier[1] and redis.call('EXISTS', '${keyOf.request('')}' .. earlier[1]) == 1 then
    return {'earlier', earlier[1], earlier[2]}
  end
end
local cost = tonumber(ARGV[4])
local key = redis.call('HMGET', KEYS[2], 'credits', 'maxQueued')
local unfinished = redis.call('SCARD', KEYS[3])
if key[2] and unfinished >= tonumber(key[2]) then return {'queued', unfinished, key[2]} end
if not key[1] then cost = 0 end
if cost > 0 then
  if tonumber(key[1]) < cost then return {'credits', key[1], cost} end
  redis.call('HINCRBY', KEYS[2], 'credits', -cost)
  redis.call('HINCRBY', KEYS[2], 'spent', cost)
end
redis.call('HSET', KEYS[1], 'owner', ARGV[1], 'request', ARGV[2], 'submittedAt', now,
  'deadlineAt', now + ARGV[3] * 1000, 'attempts', 0, 'cost', cost)
redis.call('SADD', KEYS[3], ARGV[5])
redis.call('ZADD', KEYS[4], now + ARGV[3] * 1000, ARGV[5])
if ARGV[6] ~= '' then redis.call('HSET', KEYS[1], 'webhook', ARGV[6]) end
if KEYS[5] then
  redis.call('HSET', KEYS[5], 'id', ARGV[5], 'fingerprint', ARGV[7])
  redis.call('EXPIRE', KEYS[5], ARGV[8])
end
return {'accepted'}`;

const deleteScript = `${release}
local r = redis.call('HMGET', KEYS[1], 'owner', 'cost', 'finishedAt')
if r[1] and not r[3] then release(ARGV[1], r[1], r[2], true) end
return redis.call('DEL', KEYS[1])`;

const startScript = `${now}
local r = redis.call('HMGET', KEYS[1], 'deadlineAt', 'finishedAt')
if not r[1] or r[2] then return -1 end
redis.call('HSET', KEYS[1], 'startedAt', now)
redis.call('HINCRBY', KEYS[1], 'attempts', 1)
return math.max(0, r[1] - now)`;

const requeueScript = `
if redis.call('EXISTS', KEYS[1]) == 1 then redis.call('HDEL', KEYS[1], 'startedAt'); redis.call('HINCRBY', KEYS[1], 'attempts', -1) end
return 0`;

/** The first outcome stands: a job can run twice when a lock was lost, and both runs make the same picture. */
const finishScript = `${now}
${release}
local r = redis.call('HMGET', KEYS[1], 'owner', 'finishedAt', 'cost')
if not r[1] or r[2] then return 0 end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2], 'finishedAt', now)
redis.call('EXPIRE', KEYS[1], ARGV[3])
release(ARGV[4], r[1], r[3], ARGV[1] == 'error')
if redis.call('HEXISTS', KEYS[1], 'webhook') == 1 then redis.call('SADD', '${keyOf.webhooksDue}', ARGV[4]) end
return 1`;

/** Whether a request was taken, and what its owner's key has against it. */
export type Admission =
  | {
      readonly accepted: true;
      /** The request that the same idempotency key made before, in place of this one. */
      readonly earlier?: { readonly id: string; readonly fingerprint: string };
    }
  | { readonly accepted: false; readonly lacking: 'credits'; readonly balance: number; readonly cost: number }
  | {
      readonly accepted: false;
      readonly lacking: 'queued';
      readonly unfinished: number;
      readonly most: number;
    };

/** What a client asked for beside the generation itself. */
export interface SubmitOptions {
  /** The client's name for this submit, and a digest of its body. */
  readonly idempotency?: Idempotency | undefined;
  readonly webhook?: WebhookTarget | undefined;
}

export interface Idempotency {
  readonly key: string;
  readonly fingerprint: string;
}

/** Where the end of a request is told. */
export interface WebhookTarget {
  readonly url: string;
  /** Public base URL of this server, for the addresses in the message. */
  readonly base: string;
}

/** The key a client chose can be of any form and length; only its digest is kept. */
function idempotencyKeyOf(owner: string, { key }: Idempotency): string {
  return keyOf.idempotency(owner, createHash('sha256').update(key).digest('hex'));
}

/** What this idempotency key has made before, while that request's record exists. */
export async function findEarlier(
  redis: Connection,
  owner: string,
  idempotency: Idempotency,
): Promise<(Idempotency & { readonly id: string }) | undefined> {
  const [id, fingerprint] = await redis.hmget(idempotencyKeyOf(owner, idempotency), 'id', 'fingerprint');
  if (id == null || fingerprint == null || !(await redis.exists(keyOf.request(id)))) return undefined;
  return { id, fingerprint, key: idempotency.key };
}

/**
 * Writes a new request's record; it exists before the client hears of the id, so that a poll never meets a 404. It has no expiry
 * until it ends: an unfinished one holds its owner's credits.
 * @param cost credits; an unlimited key is charged none.
 */
export async function createRecord(
  redis: Connection,
  id: string,
  owner: string,
  request: GenerationRequest,
  lifetimes: Lifetimes,
  cost = 0,
  { idempotency, webhook }: SubmitOptions = {},
): Promise<Admission> {
  const keys = [keyOf.request(id), keyOf.apiKey(owner), keyOf.unfinished(owner), keyOf.deadlines];
  if (idempotency) keys.push(idempotencyKeyOf(owner, idempotency));
  const values = [
    ...[owner, JSON.stringify(request), lifetimes.deadlineSeconds, toMillionths(cost), id],
    ...[webhook ? JSON.stringify(webhook) : '', idempotency?.fingerprint ?? ''],
    // A key whose record is gone counts as unused; its own expiry only tidies up.
    lifetimes.deadlineSeconds + lifetimes.retentionSeconds + 60,
  ];
  const answer = await redis.eval(createScript, keys.length, ...keys, ...values);
  const [outcome, first, second] = answer as [string, (string | number)?, (string | number)?];
  if (outcome === 'earlier')
    return { accepted: true, earlier: { id: String(first), fingerprint: String(second) } };
  if (outcome === 'credits')
    return {
      accepted: false,
      lacking: outcome,
      balance: fromMillionths(first!),
      cost: fromMillionths(second!),
    };
  if (outcome === 'queued')
    return { accepted: false, lacking: outcome, unfinished: Number(first), most: Number(second) };
  return { accepted: true };
}

/** Takes back a request that never reached the queue, with its credits. */
export async function deleteRecord(redis: Connection, id: string): Promise<void> {
  await redis.eval(deleteScript, 1, keyOf.request(id), id);
}

const overdueScript = `${now}
return redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', '(' .. now, 'LIMIT', 0, 100)`;

/** Ids of requests that have not ended although their deadline has passed, at most 100. */
export async function overdueRequests(redis: Connection): Promise<string[]> {
  return (await redis.eval(overdueScript, 1, keyOf.deadlines)) as string[];
}

/** Marks the start of an attempt. Returns the milliseconds left until the deadline, or undefined when nobody waits for it any more. */
export async function startRecord(redis: Connection, id: string): Promise<number | undefined> {
  const left = Number(await redis.eval(startScript, 1, keyOf.request(id)));
  return left < 0 ? undefined : left;
}

/** A worker that shuts down gives the request back: it waits again, and the attempt does not count. */
export async function requeueRecord(redis: Connection, id: string): Promise<void> {
  await redis.eval(requeueScript, 1, keyOf.request(id));
}

/** @returns false when the request had already ended (or expired): the caller's pictures are not wanted. */
export async function completeRecord(
  redis: Connection,
  id: string,
  result: GenerationResult,
  lifetimes: Lifetimes,
): Promise<boolean> {
  return finish(redis, id, 'result', JSON.stringify(result), lifetimes);
}

export async function failRecord(
  redis: Connection,
  id: string,
  error: string,
  lifetimes: Lifetimes,
): Promise<boolean> {
  return finish(redis, id, 'error', error, lifetimes);
}

async function finish(
  redis: Connection,
  id: string,
  field: 'result' | 'error',
  value: string,
  { retentionSeconds }: Lifetimes,
): Promise<boolean> {
  return (await redis.eval(finishScript, 1, keyOf.request(id), field, value, retentionSeconds, id)) === 1;
}

/** The stored record and the server's clock at that moment; undefined when unknown or expired. */
export async function readRecord(
  redis: Connection,
  id: string,
): Promise<{ record: RequestRecord; now: number } | undefined> {
  const [time, stored] = await Promise.all([redis.time(), redis.hgetall(keyOf.request(id))]);
  if (stored.owner === undefined || stored.request === undefined) return undefined;
  const [seconds, microseconds] = time.map(Number);
  return {
    record: parseRecord(id, stored),
    now: seconds! * 1000 + Math.floor(microseconds! / 1000),
  };
}

function parseRecord(id: string, stored: Record<string, string>): RequestRecord {
  const status = stored.error
    ? 'FAILED'
    : stored.result
      ? 'COMPLETED'
      : stored.startedAt
        ? 'PROCESSING'
        : 'QUEUED';
  return {
    id,
    owner: stored.owner!,
    request: JSON.parse(stored.request!) as GenerationRequest,
    cost: fromMillionths(stored.cost ?? 0),
    status,
    submittedAt: Number(stored.submittedAt),
    deadlineAt: Number(stored.deadlineAt),
    attempts: Number(stored.attempts),
    ...(stored.startedAt && { startedAt: Number(stored.startedAt) }),
    ...(stored.finishedAt && { finishedAt: Number(stored.finishedAt) }),
    ...(stored.result && { result: JSON.parse(stored.result) as GenerationResult }),
    ...(stored.error && { error: stored.error }),
  };
}
