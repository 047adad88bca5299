import type { GenerationRequest, GenerationResult } from '../contract/generation.ts';
import type { RequestRecord } from '../contract/request-record.ts';
import type { Connection } from './connection.ts';
import { keyOf, type Lifetimes } from './names.ts';

/**
 * The record of a request is a hash of its own, outside BullMQ, so that "gone after an hour" is a key's expiry and not a
 * lazy clean-up. All times are the Redis server's: gateways and workers may disagree about the clock.
 */

const now = `local t = redis.call('TIME'); local now = t[1] * 1000 + math.floor(t[2] / 1000)`;

const createScript = `${now}
redis.call('HSET', KEYS[1], 'owner', ARGV[1], 'request', ARGV[2], 'submittedAt', now,
  'deadlineAt', now + ARGV[3] * 1000, 'attempts', 0)
redis.call('EXPIRE', KEYS[1], ARGV[3] + ARGV[4])
return now`;

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
local r = redis.call('HMGET', KEYS[1], 'owner', 'finishedAt')
if not r[1] or r[2] then return 0 end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2], 'finishedAt', now)
redis.call('EXPIRE', KEYS[1], ARGV[3])
return 1`;

/** Writes a new request's record; it exists before the client hears of the id, so that a poll never meets a 404. */
export async function createRecord(
  redis: Connection,
  id: string,
  owner: string,
  request: GenerationRequest,
  lifetimes: Lifetimes,
): Promise<void> {
  const { deadlineSeconds, retentionSeconds } = lifetimes;
  const body = JSON.stringify(request);
  await redis.eval(createScript, 1, keyOf.request(id), owner, body, deadlineSeconds, retentionSeconds);
}

export async function deleteRecord(redis: Connection, id: string): Promise<void> {
  await redis.del(keyOf.request(id));
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
  return (await redis.eval(finishScript, 1, keyOf.request(id), field, value, retentionSeconds)) === 1;
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
