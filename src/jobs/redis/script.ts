import { createHash } from 'node:crypto';
import type { Redis } from 'ioredis';
import { keyTag } from './names.ts';

/**
 * A Lua script under its digest. The client sends what was under way again after a lost connection, whether
 * or not it had run: every script that writes must give the same answer, and change nothing more, when it is
 * run a second time with the same arguments.
 */
export interface Script {
  /** SHA-1 of the text, the name that EVALSHA knows it by. */
  readonly digest: string;
  run(redis: Redis, keys: readonly string[], values?: readonly (string | number)[]): Promise<unknown>;
}

/**
 * Our scripts name most of their keys themselves. While a cluster moves their slot to another node a key may
 * be on either, and a script that meets one that has gone ends in its middle. A key that is never there makes
 * the node refuse the whole script beforehand (TRYAGAIN, ASK: Redis Cluster specification, "Multiple keys
 * operations").
 */
const neverThere = `${keyTag}:never-there`;

export function defineScript(body: string): Script {
  const text = `KEYS[#KEYS] = nil\n${body}`;
  const digest = createHash('sha1').update(text).digest('hex');
  return {
    digest,
    run: async (redis, given, values = []) => {
      const keys = [...given, neverThere];
      try {
        return await redis.evalsha(digest, keys.length, ...keys, ...values);
      } catch (error) {
        if (!(error as Error).message.startsWith('NOSCRIPT')) throw error;
        return await redis.eval(text, keys.length, ...keys, ...values);
      }
    },
  };
}
