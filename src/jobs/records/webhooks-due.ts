import type { Connection } from '../redis/connection.ts';
import { keyOf } from '../redis/names.ts';
import { defineScript } from '../redis/script.ts';
import type { WebhookTarget } from './admit.ts';
import { now } from './record-scripts.ts';

/**
 * Which webhooks are to be called, in Redis: one sorted set for each owner, by when the next attempt is due
 * on the Redis server's clock. What is being delivered is due again after a while, so that it outlives the
 * process that does; what was attempted, and the message itself, stand in the request's record and go with
 * it.
 */

/** Deliveries at the same time, of one gateway. */
export interface Shares {
  readonly all: number;
  readonly owner: number;
  /** Of one owner to one host. */
  readonly host: number;
}

/** `host(url)`: with its port; undefined for what is no URL. */
const shareOf = `local function shareOf(owner, url) return owner .. ' ' .. (string.match(url, '^%a+://([^/?#]+)') or '') end`;

const claimScript = defineScript(`${now}
${shareOf}
local lease, room, ownerShare, hostShare, start = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3]),
  tonumber(ARGV[4]), tonumber(ARGV[5])
local busy = {}
for i = 6, #ARGV, 2 do busy[ARGV[i]] = tonumber(ARGV[i + 1]) end
local owners = redis.call('SMEMBERS', KEYS[1])
table.sort(owners)
local claimed = {}
for i = 1, #owners do
  local owner = owners[(start + i) % #owners + 1]
  local due = '${keyOf.webhooks('')}' .. owner
  local most = math.max(1, math.min(ownerShare, math.floor(room / #owners)))
  for _, id in ipairs(redis.call('ZRANGEBYSCORE', due, '-inf', now, 'LIMIT', 0, 100)) do
    if #claimed >= room or (busy[owner] or 0) >= most then break end
    local r = redis.call('HMGET', '${keyOf.request('')}' .. id, 'webhook', 'webhookAttempts')
    if not r[1] then
      redis.call('ZREM', due, id)
      claimed[#claimed + 1] = {id, owner}
    else
      local share = shareOf(owner, cjson.decode(r[1]).url)
      if (busy[share] or 0) < hostShare then
        busy[owner] = (busy[owner] or 0) + 1
        busy[share] = (busy[share] or 0) + 1
        redis.call('ZADD', due, now + lease, id)
        claimed[#claimed + 1] = {id, owner, r[1], r[2] or '0', share}
      end
    end
  end
  if redis.call('EXISTS', due) == 0 then redis.call('SREM', KEYS[1], owner) end
end
return claimed`);

const doneScript = defineScript(`
redis.call('ZREM', KEYS[1], ARGV[1])
if redis.call('EXISTS', KEYS[1]) == 0 then redis.call('SREM', KEYS[2], ARGV[2]) end
return 1`);

const laterScript = defineScript(`${now}
if redis.call('ZSCORE', KEYS[1], ARGV[1]) then redis.call('ZADD', KEYS[1], now + ARGV[2], ARGV[1]) end
if redis.call('EXISTS', KEYS[2]) == 1 then redis.call('HSET', KEYS[2], 'webhookAttempts', ARGV[3]) end
return 1`);

/** The message is composed once; later attempts send the same. */
const messageScript = defineScript(`
if redis.call('EXISTS', KEYS[1]) == 0 then return false end
redis.call('HSETNX', KEYS[1], 'webhookMessage', ARGV[1])
return redis.call('HGET', KEYS[1], 'webhookMessage')`);

export interface DueWebhook {
  /** Id of the request. */
  readonly id: string;
  readonly owner: string;
  /** Undefined where its time is over: the record has expired. */
  readonly target?: WebhookTarget;
  /** Attempts that have failed. */
  readonly attempts: number;
  /** Names the owner's share of deliveries to that host. */
  readonly share: string;
}

/**
 * Takes webhooks that are due now, for `leaseMs`, as many as the shares allow beside those `busy`.
 * @param busy deliveries under way, by owner and by share.
 */
export async function claimWebhooks(
  redis: Connection,
  leaseMs: number,
  room: number,
  { owner, host }: Shares,
  busy: ReadonlyMap<string, number>,
): Promise<DueWebhook[]> {
  const start = Math.floor(Math.random() * 1_000_000);
  const values = [leaseMs, room, owner, host, start, ...[...busy].flat()];
  const claimed = (await claimScript.run(redis, [keyOf.webhookOwners], values)) as string[][];
  return claimed.map(([id, whose, target, attempts, share]) => ({
    ...{ id: id!, owner: whose!, attempts: Number(attempts ?? 0), share: share ?? '' },
    ...(target !== undefined && { target: JSON.parse(target) as WebhookTarget }),
  }));
}

/** It is delivered, or given up. */
export async function webhookDone(redis: Connection, { id, owner }: DueWebhook): Promise<void> {
  await doneScript.run(redis, [keyOf.webhooks(owner), keyOf.webhookOwners], [id, owner]);
}

/** It is due again after that time, with that many failed attempts. */
export async function webhookLater(
  redis: Connection,
  { id, owner }: DueWebhook,
  delayMs: number,
  attempts: number,
): Promise<void> {
  await laterScript.run(redis, [keyOf.webhooks(owner), keyOf.request(id)], [id, delayMs, attempts]);
}

/** What is sent about a request, this or what was composed before; undefined where its record is gone. */
export async function keptMessage(
  redis: Connection,
  id: string,
  message: string,
): Promise<string | undefined> {
  return ((await messageScript.run(redis, [keyOf.request(id)], [message])) as string | null) ?? undefined;
}
