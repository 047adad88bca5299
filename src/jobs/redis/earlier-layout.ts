import type { Redis } from 'ioredis';
import { isNoPermission, lacking } from './assert-rights.ts';
import { keyTag, queueNameOf } from './names.ts';
import { defineScript } from './script.ts';

/**
 * Keys once began with `sdxl:` and those of BullMQ with `bull:`, which no cluster keeps in one slot. Whatever
 * still has such a name is given the present one, before anything else is done with that Redis.
 */

/** For ACL SETUSER, in whose place the rights of every day do not suffice. */
const moveRights =
  '~sdxl:* ~bull:* +scan +type +renamenx +xrange +rpush, to rename the keys of an earlier version';

/** One of these is there wherever a gateway, a worker or `npm run keys` of then has been at work. */
const signs = ['api-keys', 'sequence', 'deadlines', 'routes', 'workers'].map((what) => `sdxl:${what}`);

/**
 * A process of then that still runs writes under the old names again, and the next start finds both: what is
 * there under the new name stands, and the other is added to it.
 */
const moveScript = defineScript(`
local function all(pattern)
  local found, cursor = {}, '0'
  repeat
    local page = redis.call('SCAN', cursor, 'MATCH', pattern, 'COUNT', 1000)
    cursor = page[1]
    for _, key in ipairs(page[2]) do found[#found + 1] = key end
  until cursor == '0'
  return found
end
local function before(one, other)
  local a, b = {string.match(one[1], '(%d+)-(%d+)')}, {string.match(other[1], '(%d+)-(%d+)')}
  if a[1] ~= b[1] then return tonumber(a[1]) < tonumber(b[1]) end
  return tonumber(a[2]) < tonumber(b[2])
end
local merge = {
  string = function(old, new)
    local a, b = tonumber(redis.call('GET', old)), tonumber(redis.call('GET', new))
    if a and b and a > b then redis.call('SET', new, redis.call('GET', old), 'KEEPTTL') end
  end,
  hash = function(old, new)
    local fields = redis.call('HGETALL', old)
    for i = 1, #fields, 2 do redis.call('HSETNX', new, fields[i], fields[i + 1]) end
  end,
  list = function(old, new)
    for _, item in ipairs(redis.call('LRANGE', old, 0, -1)) do
      redis.call('LREM', new, 0, item)
      redis.call('RPUSH', new, item)
    end
  end,
  set = function(old, new)
    for _, member in ipairs(redis.call('SMEMBERS', old)) do redis.call('SADD', new, member) end
  end,
  zset = function(old, new)
    local found = redis.call('ZRANGE', old, 0, -1, 'WITHSCORES')
    for i = 1, #found, 2 do redis.call('ZADD', new, 'NX', found[i + 1], found[i]) end
  end,
  stream = function(old, new)
    local entries = redis.call('XRANGE', old, '-', '+')
    for _, entry in ipairs(redis.call('XRANGE', new, '-', '+')) do entries[#entries + 1] = entry end
    table.sort(entries, before)
    redis.call('DEL', new)
    for _, entry in ipairs(entries) do
      local added = redis.pcall('XADD', new, entry[1], unpack(entry[2]))
      if added.err then redis.call('XADD', new, '*', unpack(entry[2])) end
    end
  end,
}
local moved = 0
for i = 1, #ARGV, 2 do
  local from, to = ARGV[i], ARGV[i + 1]
  for _, old in ipairs(all(from .. '*')) do
    local new = to .. string.sub(old, #from + 1)
    if redis.call('RENAMENX', old, new) == 0 then
      local kind = redis.call('TYPE', old).ok
      if redis.call('TYPE', new).ok == kind then merge[kind](old, new) end
      redis.call('DEL', old)
    end
    moved = moved + 1
  end
end
return moved`);

/**
 * Gives what an earlier version has left behind its present names; done twice it is done once.
 * @returns how many keys were given another name.
 */
export async function moveEarlierLayout(redis: Redis, url: string): Promise<number> {
  let isThere: boolean;
  try {
    isThere = (await redis.exists(...signs)) > 0;
  } catch (error) {
    // Whoever runs a Redis that never had an earlier version need not let it be looked for.
    if (isNoPermission(error)) return 0;
    throw error;
  }
  if (!isThere) return 0;
  const queues = queueNameOf('');
  const names = ['sdxl:', `${keyTag}:`, `bull:${queues}`, `${keyTag}:${queues}`];
  try {
    return Number(await moveScript.run(redis, [], names));
  } catch (error) {
    if (isNoPermission(error)) throw lacking(url, moveRights, error);
    throw error;
  }
}
