import { createHash } from 'node:crypto';
import type { GenerationRequest } from '../../contract/generation.ts';
import { priorityUnit } from '../queue/places.ts';
import type { Connection } from '../redis/connection.ts';
import { keyOf, type Lifetimes } from '../redis/names.ts';
import { fromMillionths, toMillionths } from './credits.ts';
import { now, release, tell } from './record-scripts.ts';

/** How a request comes to have a record, or is refused one. */

/**
 * One step: what the key allows is checked, its credits are taken and the record is written, or nothing of it
 * happens.
 */
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
local number = redis.call('INCR', '${keyOf.sequence}')
local place = string.format('%.0f', ARGV[9] * ${priorityUnit} + number)
redis.call('HSET', KEYS[1], 'place', place)
redis.call('ZADD', '${keyOf.waiting}', place, ARGV[5])
redis.call('SADD', KEYS[3], ARGV[5])
redis.call('ZADD', KEYS[4], now + ARGV[3] * 1000, ARGV[5])
if ARGV[6] ~= '' then redis.call('HSET', KEYS[1], 'webhook', ARGV[6]) end
if KEYS[5] then
  redis.call('HSET', KEYS[5], 'id', ARGV[5], 'fingerprint', ARGV[7])
  redis.call('EXPIRE', KEYS[5], ARGV[8])
end
return {'accepted'}`;

const deleteScript = `${release}
${tell}
local r = redis.call('HMGET', KEYS[1], 'owner', 'cost', 'finishedAt')
if r[1] and not r[3] then release(ARGV[1], r[1], r[2], true); tell(ARGV[1], 'finished') end
return redis.call('DEL', KEYS[1])`;

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

/** Priority of a request that has none of its own. */
export const defaultPriority = 50;

/** What a client asked for beside the generation itself. */
export interface SubmitOptions {
  /** 1 (first) ... 100 (last). */
  readonly priority?: number | undefined;
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
 * Writes a new request's record; it exists before the client hears of the id, so that a poll never meets a
 * 404. It has no expiry until it ends: an unfinished one holds its owner's credits.
 * @param cost credits; an unlimited key is charged none.
 */
export async function createRecord(
  redis: Connection,
  id: string,
  owner: string,
  request: GenerationRequest,
  lifetimes: Lifetimes,
  cost = 0,
  { idempotency, webhook, priority = defaultPriority }: SubmitOptions = {},
): Promise<Admission> {
  const keys = [keyOf.request(id), keyOf.apiKey(owner), keyOf.unfinished(owner), keyOf.deadlines];
  if (idempotency) keys.push(idempotencyKeyOf(owner, idempotency));
  const values = [
    ...[owner, JSON.stringify(request), lifetimes.deadlineSeconds, toMillionths(cost), id],
    ...[webhook ? JSON.stringify(webhook) : '', idempotency?.fingerprint ?? ''],
    // A key whose record is gone counts as unused; its own expiry only tidies up.
    lifetimes.deadlineSeconds + lifetimes.retentionSeconds + 60,
    priority,
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
