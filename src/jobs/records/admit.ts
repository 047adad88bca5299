import { createHash } from 'node:crypto';
import type { GenerationRequest } from '../../contract/generation.ts';
import { routeOf } from '../../contract/routes.ts';
import { fromMillionths, toMillionths } from '../keys/credits.ts';
import { priorityUnit } from '../queue/places.ts';
import type { Connection } from '../redis/connection.ts';
import { keyOf, type Lifetimes } from '../redis/names.ts';
import { defineScript } from '../redis/script.ts';
import { dueWebhook, now, tell } from './record-scripts.ts';

/** How a request comes to have a record, or is refused one. */

/**
 * One step: what the key and the queue allow is checked, the key's credits are taken and the record is
 * written, or nothing of it happens. A request that no worker may see has ended from the start and costs
 * nothing. Run again for the same id it answers as it did; after `withdraw` it does nothing.
 */
const createScript = defineScript(`${now}
${dueWebhook}
${tell}
local record, apiKey, unfinishedIds, deadlines, idempotency = unpack(KEYS)
local owner, request, deadlineSeconds, cost, id, webhook, fingerprint, idempotencySeconds, priority, route,
  mostWaiting, keyed, refusal, retention = unpack(ARGV)
if redis.call('EXISTS', '${keyOf.withdrawn('')}' .. id) == 1 then return {'withdrawn'} end
if redis.call('EXISTS', record) == 1 then return {'accepted'} end
if idempotency then
  local earlier = redis.call('HMGET', idempotency, 'id', 'fingerprint')
  if earlier[1] and redis.call('EXISTS', '${keyOf.request('')}' .. earlier[1]) == 1 then
    if earlier[2] == fingerprint then
      redis.call('HSET', '${keyOf.request('')}' .. earlier[1], 'acknowledged', 1)
    end
    return {'earlier', earlier[1], earlier[2]}
  end
end
if keyed == '1' and redis.call('EXISTS', apiKey) == 0 then return {'revoked'} end
local waiting = redis.call('ZCARD', '${keyOf.waiting}')
if waiting >= tonumber(mostWaiting) then return {'full', waiting} end
local key = redis.call('HMGET', apiKey, 'credits', 'maxQueued')
local unfinished = redis.call('SCARD', unfinishedIds)
if key[2] and unfinished >= tonumber(key[2]) then return {'queued', unfinished, key[2]} end
cost = key[1] and tonumber(cost) or 0
if cost > 0 and tonumber(key[1]) < cost then return {'credits', key[1], cost} end
local deadline = now + deadlineSeconds * 1000
redis.call('HSET', record, 'owner', owner, 'request', request, 'route', route, 'submittedAt', now,
  'deadlineAt', deadline, 'attempts', 0, 'cost', refusal == '' and cost or 0)
if webhook ~= '' then redis.call('HSET', record, 'webhook', webhook) end
if idempotency then
  redis.call('HSET', idempotency, 'id', id, 'fingerprint', fingerprint)
  redis.call('EXPIRE', idempotency, idempotencySeconds)
end
if refusal ~= '' then
  redis.call('HSET', record, 'error', refusal, 'finishedAt', now)
  redis.call('EXPIRE', record, retention)
  redis.call('DEL', '${keyOf.input('')}' .. id)
  dueWebhook(id, owner, now)
  tell(id, 'finished')
  return {'accepted'}
end
if cost > 0 then
  redis.call('HINCRBY', apiKey, 'credits', -cost)
  redis.call('HINCRBY', apiKey, 'spent', cost)
end
local number = redis.call('INCR', '${keyOf.sequence}')
local place = string.format('%.0f', priority * ${priorityUnit} + number)
redis.call('HSET', record, 'place', place)
redis.call('ZADD', '${keyOf.waiting}', place, id)
redis.call('ZADD', '${keyOf.unqueued}', now, id)
redis.call('SADD', unfinishedIds, id)
redis.call('ZADD', deadlines, deadline, id)
redis.call('EXPIRE', '${keyOf.input('')}' .. id, idempotencySeconds)
return {'accepted'}`);

const findEarlierScript = defineScript(`
local earlier = redis.call('HMGET', KEYS[1], 'id', 'fingerprint')
if not earlier[1] or not earlier[2] then return false end
local record = '${keyOf.request('')}' .. earlier[1]
if redis.call('EXISTS', record) == 0 then return false end
if earlier[2] == ARGV[1] then redis.call('HSET', record, 'acknowledged', 1) end
return earlier`);

/** Whether a request was taken, and what its owner's key has against it. */
export type Admission =
  | {
      readonly accepted: true;
      /** The request that the same idempotency key made before, in place of this one. */
      readonly earlier?: { readonly id: string; readonly fingerprint: string };
    }
  | { readonly accepted: false; readonly lacking: 'credits'; readonly balance: number; readonly cost: number }
  /** Its API key has been revoked meanwhile. */
  | { readonly accepted: false; readonly lacking: 'key' }
  /** More requests wait, of all owners, than may. */
  | { readonly accepted: false; readonly lacking: 'room'; readonly waiting: number }
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
  /** Why no worker may see this request: it is FAILED from the start. */
  readonly refusal?: string | undefined;
  /** The owner is an API key that must still exist. */
  readonly keyed?: boolean | undefined;
  /** Requests that may wait, of all owners, this one included; no bound by default. */
  readonly mostWaiting?: number | undefined;
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

/**
 * What this idempotency key has made before, while that request's record exists. Where the fingerprint is the
 * same the client is about to be told of it, so that it can no longer be withdrawn.
 */
export async function findEarlier(
  redis: Connection,
  owner: string,
  idempotency: Idempotency,
): Promise<(Idempotency & { readonly id: string }) | undefined> {
  const keys = [idempotencyKeyOf(owner, idempotency)];
  const found = await findEarlierScript.run(redis, keys, [idempotency.fingerprint]);
  if (found === null) return undefined;
  const [id, fingerprint] = found as [string, string];
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
  options: SubmitOptions = {},
): Promise<Admission> {
  const { idempotency, webhook, priority = defaultPriority, refusal = '', keyed = false } = options;
  const { mostWaiting = Number.MAX_SAFE_INTEGER } = options;
  const { deadlineSeconds, retentionSeconds } = lifetimes;
  const keys = [keyOf.request(id), keyOf.apiKey(owner), keyOf.unfinished(owner), keyOf.deadlines];
  if (idempotency) keys.push(idempotencyKeyOf(owner, idempotency));
  const answer = await createScript.run(redis, keys, [
    ...[owner, JSON.stringify(request), deadlineSeconds, toMillionths(cost), id],
    ...[webhook ? JSON.stringify(webhook) : '', idempotency?.fingerprint ?? ''],
    // A key whose record is gone counts as unused; its own expiry only tidies up.
    deadlineSeconds + retentionSeconds + 60,
    ...[priority, routeOf(request), mostWaiting, keyed ? 1 : 0, refusal, retentionSeconds],
  ]);
  return admissionOf(answer as [string, (string | number)?, (string | number)?]);
}

function admissionOf([outcome, first, second]: [string, (string | number)?, (string | number)?]): Admission {
  const refused = { accepted: false } as const;
  switch (outcome) {
    case 'accepted':
      return { accepted: true };
    case 'earlier':
      return { accepted: true, earlier: { id: String(first), fingerprint: String(second) } };
    case 'credits':
      return { ...refused, lacking: outcome, balance: fromMillionths(first!), cost: fromMillionths(second!) };
    case 'queued':
      return { ...refused, lacking: outcome, unfinished: Number(first), most: Number(second) };
    case 'revoked':
      return { ...refused, lacking: 'key' };
    case 'full':
      return { ...refused, lacking: 'room', waiting: Number(first) };
    default:
      throw new Error(`the submit is ${outcome}`);
  }
}
