import { createHash } from 'node:crypto';
import { now } from '../records/record-scripts.ts';
import type { Connection } from '../redis/connection.ts';
import { keyOf } from '../redis/names.ts';
import { defineScript } from '../redis/script.ts';

/**
 * Many requests that were handed over in one call and are accepted one after another. What is still to be
 * accepted stands in Redis from the moment the call is answered: any gateway finds it there and goes on.
 */

/** One line of a batch, by what it came as. */
export interface BatchLine {
  /** Name under /v2/ that it goes to. */
  readonly slug: string;
  /** The client's own name for it. */
  readonly customId?: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

export interface Batch {
  readonly id: string;
  /** Id of the API key that sent it. */
  readonly owner: string;
  /** Public base URL, for the addresses in messages. */
  readonly base: string;
  /** How many lines it has. */
  readonly total: number;
  /** Index of the next line to be accepted. */
  readonly next: number;
  readonly createdAt: number;
  readonly cancelledAt?: number;
  readonly finishedAt?: number;
}

/** Written in one step, so that a batch is there whole or not at all. */
const createScript = defineScript(`${now}
local batch, lines, batches, idempotency = unpack(KEYS)
local id, owner, base, fingerprint, idempotencySeconds = unpack(ARGV)
if redis.call('EXISTS', batch) == 1 then return {'accepted'} end
if idempotency then
  local earlier = redis.call('HMGET', idempotency, 'id', 'fingerprint')
  if earlier[1] and redis.call('EXISTS', '${keyOf.batch('')}' .. earlier[1]) == 1 then
    return {'earlier', earlier[1], earlier[2]}
  end
  redis.call('HSET', idempotency, 'id', id, 'fingerprint', fingerprint)
  redis.call('EXPIRE', idempotency, idempotencySeconds)
end
for i = 6, #ARGV do redis.call('RPUSH', lines, ARGV[i]) end
redis.call('HSET', batch, 'owner', owner, 'base', base, 'total', #ARGV - 5, 'next', 0, 'createdAt', now)
redis.call('ZADD', batches, now, id)
return {'accepted'}`);

/** While its batch lives, and a day where that takes longer than anybody waits. */
const idempotencySeconds = 86_400;

/** The key a client chose can be of any form and length; submits have others of the same name. */
function idempotencyPlaceOf(owner: string, key: string): string {
  return keyOf.idempotency(owner, createHash('sha256').update(`batch ${key}`).digest('hex'));
}

/** What an idempotency key of this owner has made before, while that batch is there. */
export async function findEarlierBatch(
  redis: Connection,
  owner: string,
  key: string,
): Promise<{ readonly id: string; readonly fingerprint: string } | undefined> {
  const { id, fingerprint } = await redis.hgetall(idempotencyPlaceOf(owner, key));
  if (id === undefined || fingerprint === undefined) return undefined;
  return (await redis.exists(keyOf.batch(id))) === 1 ? { id, fingerprint } : undefined;
}

interface NewBatch {
  readonly id: string;
  readonly owner: string;
  readonly base: string;
  readonly lines: readonly BatchLine[];
  /** The client's name for this call, and a digest of its body. */
  readonly idempotency?: { readonly key: string; readonly fingerprint: string } | undefined;
}

/** @returns the batch that the same idempotency key has made before, in place of this one. */
export async function createBatch(
  redis: Connection,
  { id, owner, base, lines, idempotency }: NewBatch,
): Promise<{ readonly id: string; readonly fingerprint: string } | undefined> {
  const keys = [keyOf.batch(id), keyOf.batchLines(id), keyOf.batches];
  if (idempotency) keys.push(idempotencyPlaceOf(owner, idempotency.key));
  const values = [id, owner, base, idempotency?.fingerprint ?? '', idempotencySeconds];
  const written = await createScript.run(redis, keys, [
    ...values,
    ...lines.map((line) => JSON.stringify(line)),
  ]);
  const [outcome, earlier, fingerprint] = written as [string, string, string];
  return outcome === 'earlier' ? { id: earlier, fingerprint } : undefined;
}

/** Undefined when unknown or expired. */
export async function readBatch(redis: Connection, id: string): Promise<Batch | undefined> {
  const { owner, base, total, next, createdAt, cancelledAt, finishedAt } = await redis.hgetall(
    keyOf.batch(id),
  );
  if (owner === undefined) return undefined;
  return {
    ...{ id, owner, base: base!, total: Number(total), next: Number(next), createdAt: Number(createdAt) },
    ...(cancelledAt && { cancelledAt: Number(cancelledAt) }),
    ...(finishedAt && { finishedAt: Number(finishedAt) }),
  };
}

/** @param count of lines from that index on. */
export async function readLines(
  redis: Connection,
  id: string,
  from: number,
  count: number,
): Promise<BatchLine[]> {
  const lines = await redis.lrange(keyOf.batchLines(id), from, from + count - 1);
  return lines.map((line) => JSON.parse(line) as BatchLine);
}

/** Batches that have not ended, the oldest first, 100 at most. */
export async function unfinishedBatches(redis: Connection): Promise<string[]> {
  return await redis.zrangebyscore(keyOf.batches, '-inf', '+inf', 'LIMIT', 0, 100);
}

/** How many of an owner's batches have not ended. */
export async function countUnfinishedBatches(redis: Connection, owner: string): Promise<number> {
  const ids = await redis.zrangebyscore(keyOf.batches, '-inf', '+inf');
  const owners = await Promise.all(ids.map((id) => redis.hget(keyOf.batch(id), 'owner')));
  return owners.filter((each) => each === owner).length;
}
