import { setTimeout } from 'node:timers/promises';
import type { Connection } from '../redis/connection.ts';
import { keyOf } from '../redis/names.ts';
import { defineScript } from '../redis/script.ts';
import { release, tell } from './record-scripts.ts';

/** What was told to a repeat of the submit stays. */
const withdrawScript = defineScript(`${release}
${tell}
local record, id, seconds = KEYS[1], ARGV[1], ARGV[2]
redis.call('SET', '${keyOf.withdrawn('')}' .. id, '1', 'EX', seconds)
local r = redis.call('HMGET', record, 'owner', 'cost', 'finishedAt', 'error', 'acknowledged')
if not r[1] or r[5] then return 0 end
release(id, r[1], r[2], not r[4])
redis.call('ZREM', '${keyOf.webhooks('')}' .. r[1], id)
redis.call('DEL', record)
tell(id, 'finished')
redis.call('PUBLISH', '${keyOf.cancel}', id)
return 1`);

/** How long a withdrawn submit is remembered: far longer than one can lie in a connection unread. */
const withdrawnSeconds = 3600;

/**
 * Takes back a request whose submit was not answered as accepted, with its credits; one that is not there yet
 * will not be made.
 */
export async function withdraw(redis: Connection, id: string): Promise<void> {
  await withdrawScript.run(redis, [keyOf.request(id)], [id, withdrawnSeconds]);
}

/** Submits whose answer never came: nobody knows whether they were made. */
export interface Withdrawals {
  /** Takes this one back as soon as Redis can be asked. */
  add(id: string): void;
  /** Resolves when all are taken back, or Redis has been away for that long. */
  close(patienceMs: number): Promise<void>;
}

const intervalMs = 250;

export function createWithdrawals(redis: Connection, onError: (error: Error) => void): Withdrawals {
  const due = new Set<string>();
  let working: Promise<void> | undefined;
  const work = async (): Promise<void> => {
    while (due.size > 0) {
      for (const id of due) {
        if (redis.status !== 'ready') break;
        await withdraw(redis, id).then(() => due.delete(id), onError);
      }
      if (redis.status === 'end') return;
      if (due.size > 0) await setTimeout(intervalMs);
    }
  };
  return {
    add: (id) => {
      due.add(id);
      working ??= work().finally(() => {
        working = undefined;
      });
    },
    close: async (patienceMs) => {
      await Promise.race([working, setTimeout(patienceMs, undefined, { ref: false })]);
    },
  };
}
