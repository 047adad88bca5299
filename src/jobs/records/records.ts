import { randomUUID } from 'node:crypto';
import type { GenerationRequest, GenerationResult } from '../../contract/generation.ts';
import type { Connection } from '../redis/connection.ts';
import { bullKeyOf, keyOf, type Lifetimes } from '../redis/names.ts';
import { defineScript } from '../redis/script.ts';
import type { JobProgress } from './events.ts';
import { dueWebhook, now, release, tell } from './record-scripts.ts';

/**
 * The record of a request is a hash of its own, outside BullMQ, so that "gone after an hour" is a key's
 * expiry and not a lazy clean-up. All times are the Redis server's: gateways and workers may disagree about
 * the clock. `run` names the attempt in progress by the token of its lock: a script that was run before by
 * the same attempt answers as it did then.
 */

/** `start(record, id, run)`: what an attempt begins with; false when nobody waits for it any more. */
const start = `local function start(record, id, run)
  local r = redis.call('HMGET', record, 'deadlineAt', 'finishedAt', 'run', 'request', 'submittedAt')
  if not r[1] or r[2] then return false end
  if r[3] ~= run then
    redis.call('HSET', record, 'startedAt', now, 'run', run)
    redis.call('HDEL', record, 'progress')
    redis.call('HINCRBY', record, 'attempts', 1)
    redis.call('ZREM', '${keyOf.waiting}', id)
    tell(id, 'started')
  end
  return {id, math.max(0, r[1] - now), r[4], now - r[5], tonumber(redis.call('HGET', record, 'attempts'))}
end`;

const startScript = defineScript(`${now}
${tell}
${start}
return start(KEYS[1], ARGV[1], ARGV[2])`);

/** BullMQ puts what is taken at the head of its list, under a lock with the token of who took it. */
const startTakenScript = defineScript(`${now}
${tell}
${start}
local jobs, run = unpack(ARGV)
local id = redis.call('LINDEX', KEYS[1], 0)
if not id or redis.call('GET', jobs .. id .. ':lock') ~= run then return false end
if redis.call('HEXISTS', jobs .. id, 'defa') == 1 then return false end
return start('${keyOf.request('')}' .. id, id, run)`);

const progressScript = defineScript(`${tell}
local r = redis.call('HMGET', KEYS[1], 'startedAt', 'finishedAt', 'owner')
if not r[3] or r[2] then return 0 end
if r[1] then
  redis.call('HSET', KEYS[1], 'progress', ARGV[2])
  tell(ARGV[1], 'progress ' .. ARGV[2])
end
return 1`);

/**
 * The first outcome stands: a job can run twice when a lock was lost, and both runs make the same picture. A
 * run whose request somebody else ends is told to stop. An outcome whose pictures are not all there (Redis
 * has lost its last second, or a sweep has deleted them) is none.
 */
const finishScript = defineScript(`${now}
${release}
${dueWebhook}
${tell}
local field, value, retention, id, run, elsewhere = unpack(ARGV)
local r = redis.call('HMGET', KEYS[1], 'owner', 'finishedAt', 'cost', 'finishedBy', 'run')
if not r[1] then return 0 end
if r[2] then return r[4] == run and 1 or 0 end
for i = 2, #KEYS do
  if redis.call('EXPIRE', KEYS[i], retention) == 0 then return -1 end
  local path = string.sub(KEYS[i], ${keyOf.output('').length + 1})
  if elsewhere == '1' and not redis.call('ZSCORE', '${keyOf.kept}', path) then return -1 end
  redis.call('ZADD', '${keyOf.kept}', 'XX', now + retention * 1000, path)
end
redis.call('HSET', KEYS[1], field, value, 'finishedAt', now, 'finishedBy', run)
redis.call('EXPIRE', KEYS[1], retention)
release(id, r[1], r[3], field == 'error')
local ended = '${keyOf.ended('')}' .. field
redis.call('ZADD', ended, now, id)
redis.call('ZREMRANGEBYSCORE', ended, '-inf', now - retention * 1000)
redis.call('EXPIRE', ended, retention)
dueWebhook(id, r[1], now)
tell(id, KEYS[2] and 'finished ' .. string.sub(KEYS[2], ${keyOf.output('').length + 1}) or 'finished')
if r[5] and r[5] ~= run then redis.call('PUBLISH', '${keyOf.cancel}', id) end
return 1`);

const overdueScript = defineScript(`${now}
return redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', '(' .. now, 'LIMIT', 0, 100)`);

/** Ids of requests that have not ended although their deadline has passed, at most 100. */
export async function overdueRequests(redis: Connection): Promise<string[]> {
  return (await overdueScript.run(redis, [keyOf.deadlines])) as string[];
}

/** What an attempt works on, and how long it may. */
export interface StartedRun {
  readonly id: string;
  readonly request: GenerationRequest;
  /** Until the deadline. */
  readonly leftMs: number;
  /** Since it was accepted; undefined after its first attempt. */
  readonly waitedMs: number | undefined;
}

/**
 * Marks the start of an attempt. Undefined when nobody waits for it any more.
 * @param run names the attempt.
 */
export async function startRecord(
  redis: Connection,
  id: string,
  run: string,
): Promise<StartedRun | undefined> {
  return startedOf(await startScript.run(redis, [keyOf.request(id)], [id, run]));
}

/**
 * The same for whatever job of a route was taken under that token a moment ago, before its id is heard.
 * Undefined also where that cannot be told, as another worker has taken one since, and where the job has to
 * be failed first: then it is started by its id.
 */
export async function startTaken(
  redis: Connection,
  route: string,
  run: string,
): Promise<StartedRun | undefined> {
  const keys = [bullKeyOf(route, 'active')];
  return startedOf(await startTakenScript.run(redis, keys, [bullKeyOf(route, ''), run]));
}

function startedOf(answer: unknown): StartedRun | undefined {
  if (answer === null) return undefined;
  const [id, leftMs, request, sinceMs, attempts] = answer as [string, number, string, number, number];
  return {
    id,
    leftMs: Number(leftMs),
    request: JSON.parse(request) as GenerationRequest,
    waitedMs: attempts === 1 ? sinceMs : undefined,
  };
}

/**
 * The latest step of a running request; a request that has ended keeps none.
 * @returns false when the request has ended: whoever works on it should stop.
 */
export async function storeProgress(redis: Connection, id: string, progress: JobProgress): Promise<boolean> {
  return (await progressScript.run(redis, [keyOf.request(id)], [id, JSON.stringify(progress)])) === 1;
}

/** What the running attempt reported last; undefined before its first step. */
export async function readProgress(redis: Connection, id: string): Promise<JobProgress | undefined> {
  const stored = await redis.hget(keyOf.request(id), 'progress');
  return stored === null ? undefined : (JSON.parse(stored) as JobProgress);
}

/**
 * @param run names the attempt that made it.
 * @param elsewhere whether its pictures are kept outside Redis, see kept-outputs.ts.
 * @returns 'ended' when the request had already ended (or expired): the caller's pictures are not wanted.
 * 'incomplete' when pictures of the result are not stored (any more): store them again.
 */
export async function completeRecord(
  redis: Connection,
  id: string,
  result: GenerationResult,
  lifetimes: Lifetimes,
  run: string,
  elsewhere = false,
): Promise<'completed' | 'ended' | 'incomplete'> {
  const { images } = result;
  const answer = await finish(redis, id, 'result', JSON.stringify(result), lifetimes, run, images, elsewhere);
  return answer === 1 ? 'completed' : answer === 0 ? 'ended' : 'incomplete';
}

/**
 * @param by names who says so; an attempt by its own name.
 * @returns false when the request had already ended (or expired).
 */
export async function failRecord(
  redis: Connection,
  id: string,
  error: string,
  lifetimes: Lifetimes,
  by: string = randomUUID(),
): Promise<boolean> {
  return (await finish(redis, id, 'error', error, lifetimes, by, [])) === 1;
}

async function finish(
  redis: Connection,
  id: string,
  field: 'result' | 'error',
  value: string,
  { retentionSeconds }: Lifetimes,
  by: string,
  images: GenerationResult['images'],
  elsewhere = false,
): Promise<number> {
  const keys = [keyOf.request(id), ...images.map(({ path }) => keyOf.output(path))];
  return Number(
    await finishScript.run(redis, keys, [field, value, retentionSeconds, id, by, Number(elsewhere)]),
  );
}
