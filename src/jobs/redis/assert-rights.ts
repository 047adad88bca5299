import type { Redis } from 'ioredis';
import { keyTag } from './names.ts';
import { RedisTrouble } from './redis-trouble.ts';
import { isRefusal } from './unavailable.ts';

/**
 * What a Redis user (ACL) must be allowed, beside all keys and channels that begin with `keyTag`: each
 * command with arguments that make of it a harmless one. `$` stands for a key that is gone a second later.
 */
const commands: Readonly<Record<string, string>> = {
  ...{ set: '$ 1 EX 1', get: '$', mget: '$', incr: '$', exists: '$', pttl: '$', del: '$' },
  ...{ hset: '$ a 1', hsetnx: '$ a 1', hmset: '$ a 1', hget: '$ a', hmget: '$ a', hgetall: '$' },
  ...{ hexists: '$ a', hincrby: '$ a 1', hdel: '$ a' },
  ...{ sadd: '$ a', srem: '$ a', scard: '$', smembers: '$' },
  ...{ zadd: '$ 1 a', zrem: '$ a', zscore: '$ a', zcard: '$', zcount: '$ 0 1', zrank: '$ a' },
  ...{ zrange: '$ 0 1', zrevrange: '$ 0 1', zrangebyscore: '$ 0 1', zrevrangebyscore: '$ 1 0' },
  ...{ zremrangebyscore: '$ 0 1', zremrangebyrank: '$ 0 1', zpopmin: '$' },
  ...{ lpush: '$ a', lrem: '$ 0 a', lrange: '$ 0 1', lindex: '$ 0', lpos: '$ a', llen: '$', ltrim: '$ 0 1' },
  ...{ rpoplpush: '$ $', xadd: '$ * a 1', xtrim: '$ MAXLEN 1', xrevrange: '$ + -' },
  ...{ persist: '$', expire: '$ 1', expireat: '$ 1', pexpire: '$ 1' },
  ...{ time: '', info: 'memory', ping: '', publish: '$ 0' },
};
/** What cannot be tried in a script: it is tried by being used. */
const others = ['eval', 'evalsha', 'subscribe', 'select', 'cluster|slots'];

/** For ACL SETUSER: `+get` and so on. */
export const rights: readonly string[] = [...Object.keys(commands), ...others].map((name) => `+${name}`);
const places = `~${keyTag}:* &${keyTag}:*`;

/** No errors but those of rights matter: Redis may be full, or a replica. */
const tryAll = `
local missing = {}
for i = 1, #ARGV do
  local words = {}
  for word in string.gmatch(ARGV[i], '%S+') do words[#words + 1] = word == '$' and KEYS[1] or word end
  local answer = redis.pcall(unpack(words))
  if type(answer) == 'table' and answer.err then
    if string.find(answer.err, 'NOPERM') or string.find(answer.err, 'ACL failure')
      or string.find(answer.err, 'user executing the script can') then missing[#missing + 1] = words[1] end
  end
end
redis.pcall('DEL', KEYS[1])
return missing`;

/**
 * That the user of REDIS_URL may do what this service does, all of it, now and not in the middle of a
 * request.
 * @throws RedisTrouble naming what is missing.
 */
export async function assertRights(redis: Redis, url: string): Promise<void> {
  const key = `${keyTag}:rights`;
  const words = Object.entries(commands).map(([name, args]) => `${name} ${args}`);
  let missing: string[];
  try {
    missing = (await redis.eval(tryAll, 1, key, ...words)) as string[];
  } catch (error) {
    if (!isNoPermission(error)) {
      if (isRefusal(error)) return;
      throw error;
    }
    const isOfKeys = /\bkeys?\b/i.test((error as Error).message);
    throw lacking(url, isOfKeys ? places : '+eval +evalsha', error);
  }
  // Without a right to the channel PUBLISH fails by its argument, not by its name.
  if (missing.length === 1 && missing[0] === 'publish') throw lacking(url, `+publish &${keyTag}:*`);
  if (missing.length > 0) throw lacking(url, missing.map((name) => `+${name}`).join(' '));
}

/** Whether the user's rights are what a command, or one within a script, has failed by. */
export function isNoPermission(error: unknown): boolean {
  return (
    isRefusal(error) && /NOPERM|ACL failure|user executing the script can/.test((error as Error).message)
  );
}

/** @param what ACL SETUSER is to be told. */
export function lacking(url: string, what: string, cause?: unknown): RedisTrouble {
  const reason = `does not let the user of REDIS_URL do what this service needs (NOPERM): it lacks ${what}`;
  return new RedisTrouble(url, { reason, isLasting: true }, cause);
}
