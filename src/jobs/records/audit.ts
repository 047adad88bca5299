import { randomUUID } from 'node:crypto';
import type { Connection } from '../redis/connection.ts';
import { keyOf } from '../redis/names.ts';
import { defineScript } from '../redis/script.ts';

/** One act of an administrator. */
export interface AuditedAct {
  /** Milliseconds of the Redis server's clock. */
  readonly at: number;
  /** Id of the API key it was done with. */
  readonly key: string;
  /** A word or two: `revoke key`, `pause`. */
  readonly act: string;
  /** What it was done to: an id, a name; empty where the act says all. */
  readonly on: string;
}

/** Acts beyond these are forgotten, the oldest first. */
const kept = 10_000;

const writeScript = defineScript(`
if redis.call('SET', KEYS[2], 1, 'NX', 'EX', 60) then
  redis.call('XADD', KEYS[1], 'MAXLEN', '~', ARGV[1], '*', 'key', ARGV[2], 'act', ARGV[3], 'on', ARGV[4])
end
return 1`);

/** Writes an act down before it is done, so that none goes unseen. */
export async function writeAudit(redis: Connection, { key, act, on }: Omit<AuditedAct, 'at'>): Promise<void> {
  await writeScript.run(redis, [keyOf.audit, keyOf.audited(randomUUID())], [kept, key, act, on]);
}

/** The latest acts, the newest first. */
export async function readAudit(redis: Connection, most: number): Promise<AuditedAct[]> {
  const entries = await redis.xrevrange(keyOf.audit, '+', '-', 'COUNT', most);
  return entries.map(([id, fields]) => {
    const field = (name: string) => fields[fields.indexOf(name) + 1] ?? '';
    return { at: Number(id.split('-')[0]), key: field('key'), act: field('act'), on: field('on') };
  });
}
