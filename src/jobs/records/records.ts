import type { GenerationResult } from '../../contract/generation.ts';
import type { Connection } from '../redis/connection.ts';
import { keyOf, type Lifetimes } from '../redis/names.ts';
import type { JobProgress } from './events.ts';
import { now, release, tell } from './record-scripts.ts';

/**
 * The record of a request is a hash of its own, outside BullMQ, so that "gone after an hour" is a key's
 * expiry and not a lazy clean-up. All times are the Redis server's: gateways and workers may disagree about
 * the clock.
 */

const startScript = `${now}
${tell}
local r = redis.call('HMGET', KEYS[1], 'deadlineAt', 'finishedAt')
if not r[1] or r[2] then return -1 end
redis.call('HSET', KEYS[1], 'startedAt', now)
redis.call('HDEL', KEYS[1], 'progress')
redis.call('HINCRBY', KEYS[1], 'attempts', 1)
redis.call('ZREM', '${keyOf.waiting}', ARGV[1])
tell(ARGV[1], 'started')
return math.max(0, r[1] - now)`;

const requeueScript = `${tell}
local r = redis.call('HMGET', KEYS[1], 'place', 'finishedAt')
if not r[1] or r[2] then return 0 end
redis.call('HDEL', KEYS[1], 'startedAt', 'progress')
redis.call('HINCRBY', KEYS[1], 'attempts', -1)
redis.call('ZADD', '${keyOf.waiting}', r[1], ARGV[1])
tell(ARGV[1], 'waiting')
return 1`;

const progressScript = `${tell}
local r = redis.call('HMGET', KEYS[1], 'startedAt', 'finishedAt')
if not r[1] or r[2] then return 0 end
redis.call('HSET', KEYS[1], 'progress', ARGV[2])
tell(ARGV[1], 'progress ' .. ARGV[2])
return 1`;

/**
 * The first outcome stands: a job can run twice when a lock was lost, and both runs make the same picture.
 */
const finishScript = `${now}
${release}
${tell}
local r = redis.call('HMGET', KEYS[1], 'owner', 'finishedAt', 'cost')
if not r[1] or r[2] then return 0 end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2], 'finishedAt', now)
redis.call('EXPIRE', KEYS[1], ARGV[3])
release(ARGV[4], r[1], r[3], ARGV[1] == 'error')
if redis.call('HEXISTS', KEYS[1], 'webhook') == 1 then redis.call('SADD', '${keyOf.webhooksDue}', ARGV[4]) end
tell(ARGV[4], 'finished')
return 1`;

const overdueScript = `${now}
return redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', '(' .. now, 'LIMIT', 0, 100)`;

/** Ids of requests that have not ended although their deadline has passed, at most 100. */
export async function overdueRequests(redis: Connection): Promise<string[]> {
  return (await redis.eval(overdueScript, 1, keyOf.deadlines)) as string[];
}

/**
 * Marks the start of an attempt. Returns the milliseconds left until the deadline, or undefined when nobody
 * waits for it any more.
 */
export async function startRecord(redis: Connection, id: string): Promise<number | undefined> {
  const left = Number(await redis.eval(startScript, 1, keyOf.request(id), id));
  return left < 0 ? undefined : left;
}

/** A worker that shuts down gives the request back: it waits again, and the attempt does not count. */
export async function requeueRecord(redis: Connection, id: string): Promise<void> {
  await redis.eval(requeueScript, 1, keyOf.request(id), id);
}

/** The latest step of a running request; a request that has ended keeps none. */
export async function storeProgress(redis: Connection, id: string, progress: JobProgress): Promise<void> {
  await redis.eval(progressScript, 1, keyOf.request(id), id, JSON.stringify(progress));
}

/** What the running attempt reported last; undefined before its first step. */
export async function readProgress(redis: Connection, id: string): Promise<JobProgress | undefined> {
  const stored = await redis.hget(keyOf.request(id), 'progress');
  return stored === null ? undefined : (JSON.parse(stored) as JobProgress);
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
