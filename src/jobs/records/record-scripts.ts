import { keyOf } from '../redis/names.ts';

/**
 * Parts of the Lua scripts that change request records; ids and owners are known only inside, so keys are
 * built there.
 */

/** `now`: milliseconds of the Redis server's clock. */
export const now = `local t = redis.call('TIME'); local now = t[1] * 1000 + math.floor(t[2] / 1000)`;

/** `tell(id, what)`: every gateway hears it, see events.ts. */
export const tell = `local function tell(id, what) redis.call('PUBLISH', '${keyOf.events}', id .. ' ' .. what) end`;

/**
 * `release(id, owner, cost, refunded)`: ends what a request holds: its place among its owner's unfinished
 * ones, among those that wait and among those without a job, its input picture and, where `refunded`, its
 * credits.
 */
export const release = `local function release(id, owner, cost, refunded)
  redis.call('SREM', '${keyOf.unfinished('')}' .. owner, id)
  redis.call('ZREM', '${keyOf.deadlines}', id)
  redis.call('ZREM', '${keyOf.waiting}', id)
  redis.call('ZREM', '${keyOf.unqueued}', id)
  redis.call('DEL', '${keyOf.input('')}' .. id)
  local key = '${keyOf.apiKey('')}' .. owner
  if refunded and tonumber(cost or 0) > 0 and redis.call('HEXISTS', key, 'credits') == 1 then
    redis.call('HINCRBY', key, 'credits', cost)
    redis.call('HINCRBY', key, 'spent', -cost)
  end
end`;

/** `dueWebhook(id, owner, now)`: the end of a request is to be told to its webhook, see webhook-queue.ts. */
export const dueWebhook = `local function dueWebhook(id, owner, now)
  if redis.call('HEXISTS', '${keyOf.request('')}' .. id, 'webhook') == 0 then return end
  redis.call('ZADD', '${keyOf.webhooks('')}' .. owner, now, id)
  redis.call('SADD', '${keyOf.webhookOwners}', owner)
end`;
