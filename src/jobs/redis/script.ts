import { createHash } from 'node:crypto';
import type { Redis } from 'ioredis';

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

export function defineScript(text: string): Script {
  const digest = createHash('sha1').update(text).digest('hex');
  return {
    digest,
    run: async (redis, keys, values = []) => {
      try {
        return await redis.evalsha(digest, keys.length, ...keys, ...values);
      } catch (error) {
        if (!(error as Error).message.startsWith('NOSCRIPT')) throw error;
        return await redis.eval(text, keys.length, ...keys, ...values);
      }
    },
  };
}
