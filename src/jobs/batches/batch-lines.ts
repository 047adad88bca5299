import { now } from '../records/record-scripts.ts';
import type { Connection } from '../redis/connection.ts';
import { keyOf } from '../redis/names.ts';
import { defineScript } from '../redis/script.ts';

/** What becomes of the lines of a batch, one script for each step. */

/** How a line has ended. */
export interface LineOutcome {
  readonly status: 'COMPLETED' | 'FAILED' | 'CANCELLED';
  /** Absent where it never became a request. */
  readonly requestId?: string;
  readonly error?: string;
}

/**
 * A line under way: `planned` under an id that may not have a request yet, or `accepted`, so that it had one
 * for certain.
 */
export interface OpenLine {
  readonly index: number;
  readonly state: 'planned' | 'accepted';
  readonly requestId: string;
}

/** `finish(batch, ...)` where nothing is under way any more and nothing will be. */
const finish = `local function finish(id, batch, lines, open, outcomes, batches, retention)
  local b = redis.call('HMGET', batch, 'total', 'cancelledAt', 'finishedAt')
  if not b[1] or b[3] or redis.call('HLEN', open) > 0 then return end
  if redis.call('HLEN', outcomes) < tonumber(b[1]) and not b[2] then return end
  redis.call('HSET', batch, 'finishedAt', now)
  redis.call('ZREM', batches, id)
  for _, key in ipairs({batch, lines, outcomes}) do redis.call('EXPIRE', key, retention) end
end`;

const planScript = defineScript(`
local batch, open = unpack(KEYS)
local index, requestId, most = unpack(ARGV)
local planned = redis.call('HGET', open, index)
if planned then return planned == 'planned ' .. requestId and 1 or 0 end
local b = redis.call('HMGET', batch, 'next', 'total', 'cancelledAt')
if b[1] ~= index or tonumber(index) >= tonumber(b[2]) or b[3] then return 0 end
if redis.call('HLEN', open) >= tonumber(most) then return 0 end
redis.call('HSET', open, index, 'planned ' .. requestId)
redis.call('HSET', batch, 'next', index + 1)
return 1`);

const changeScript = defineScript(`
local index, from, to = unpack(ARGV)
local current = redis.call('HGET', KEYS[1], index)
if current == from then redis.call('HSET', KEYS[1], index, to) end
return current == from or current == to`);

const settleScript = defineScript(`${now}
${finish}
local batch, lines, open, outcomes, batches = unpack(KEYS)
local id, index, outcome, retention = unpack(ARGV)
if redis.call('EXISTS', batch) == 0 then return 0 end
redis.call('HSETNX', outcomes, index, outcome)
redis.call('HDEL', open, index)
finish(id, batch, lines, open, outcomes, batches, retention)
return 1`);

const cancelScript = defineScript(`${now}
${finish}
local batch, lines, open, outcomes, batches = unpack(KEYS)
local id, retention = unpack(ARGV)
local b = redis.call('HMGET', batch, 'owner', 'cancelledAt', 'finishedAt')
if not b[1] then return 0 end
if b[2] then return 1 end
if b[3] then return 0 end
redis.call('HSET', batch, 'cancelledAt', now)
finish(id, batch, lines, open, outcomes, batches, retention)
return 1`);

const keysOf = (id: string): string[] => [
  ...[keyOf.batch(id), keyOf.batchLines(id), keyOf.batchOpen(id), keyOf.batchOutcomes(id)],
  keyOf.batches,
];

/**
 * Claims the next line of a batch for a request of that id, while fewer than `most` are under way.
 * @returns whether it is now.
 */
export async function planLine(
  redis: Connection,
  id: string,
  { index, requestId }: Omit<OpenLine, 'state'>,
  most: number,
): Promise<boolean> {
  const keys = [keyOf.batch(id), keyOf.batchOpen(id)];
  return (await planScript.run(redis, keys, [index, requestId, most])) === 1;
}

/** From one state of a line under way to the next; nothing where it is in another already. */
export async function changeLine(redis: Connection, id: string, from: OpenLine, to: OpenLine): Promise<void> {
  const [before, after] = [from, to].map(({ state, requestId }) => `${state} ${requestId}`);
  await changeScript.run(redis, [keyOf.batchOpen(id)], [from.index, before!, after!]);
}

/** Ends a line; the first outcome stands. With the last one its batch ends, to be kept so many seconds. */
export async function settleLine(
  redis: Connection,
  id: string,
  index: number,
  outcome: LineOutcome,
  retentionSeconds: number,
): Promise<void> {
  await settleScript.run(redis, keysOf(id), [id, index, JSON.stringify(outcome), retentionSeconds]);
}

/** No further line becomes a request. @returns false where the batch has ended or is unknown. */
export async function cancelBatch(redis: Connection, id: string, retentionSeconds: number): Promise<boolean> {
  return (await cancelScript.run(redis, keysOf(id), [id, retentionSeconds])) === 1;
}

export async function openLines(redis: Connection, id: string): Promise<OpenLine[]> {
  const open = await redis.hgetall(keyOf.batchOpen(id));
  return Object.entries(open).map(([index, text]) => {
    const [state, requestId] = text.split(' ') as [OpenLine['state'], string];
    return { index: Number(index), state, requestId };
  });
}

/** By the line's index. */
export async function readOutcomes(redis: Connection, id: string): Promise<Map<number, LineOutcome>> {
  const outcomes = await redis.hgetall(keyOf.batchOutcomes(id));
  return new Map(
    Object.entries(outcomes).map(([index, text]) => [Number(index), JSON.parse(text) as LineOutcome]),
  );
}

/** Whether a request was answered as not accepted, so that its id leads nowhere any more. */
export async function wasWithdrawn(redis: Connection, requestId: string): Promise<boolean> {
  return (await redis.exists(keyOf.withdrawn(requestId))) === 1;
}

/** Long enough for what is done to a batch at once; it is given back before. */
const leaseMs = 30_000;

/** Whether this gateway may look after a batch now: two that do the same do it twice over. */
export async function takeLease(redis: Connection, id: string, holder: string): Promise<boolean> {
  return (await redis.set(keyOf.batchLease(id), holder, 'PX', leaseMs, 'NX')) === 'OK';
}

const giveScript = defineScript(`
if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('DEL', KEYS[1]) end
return 1`);

export async function giveLease(redis: Connection, id: string, holder: string): Promise<void> {
  await giveScript.run(redis, [keyOf.batchLease(id)], [holder]);
}
