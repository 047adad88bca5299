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
 * `release(id, owner, cost, refunded)`: ends what a request holds of its owner, its place among the
 * unfinished and, where `refunded`, its credits; and its place among those that wait.
 */
export const release = `local function release(id, owner, cost, refunded)
  redis.call('SREM', '${keyOf.unfinished('')}' .. owner, id)
  redis.call('ZREM', '${keyOf.deadlines}', id)
  redis.call('ZREM', '${keyOf.waiting}', id)
  local key = '${keyOf.apiKey('')}' .. owner
  if refunded and tonumber(cost or 0) > 0 and redis.call('HEXISTS', key, 'credits') == 1 then
    redis.call('HINCRBY', key, 'credits', cost)
    redis.call('HINCRBY', key, 'spent', -cost)
  end
end`;
