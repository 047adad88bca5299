import type { ResultStore } from '../../results/result-store.ts';
import type { Connection } from '../redis/connection.ts';
import { keyOf } from '../redis/names.ts';
import { defineScript } from '../redis/script.ts';
import { enteredForMs } from './kept-outputs.ts';
import { now } from './record-scripts.ts';

/** At most 100 whose time has come; those that can still be read get a new time. */
const dueScript = defineScript(`${now}
local due = {}
for _, path in ipairs(redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', now, 'LIMIT', 0, 100)) do
  local left = redis.call('PTTL', '${keyOf.output('')}' .. path)
  if left > 0 then redis.call('ZADD', KEYS[1], now + left, path) else due[#due + 1] = path end
end
return due`);

/**
 * Deletes what has expired. What cannot be deleted is tried again in the next sweep.
 * @returns how many were deleted.
 */
export async function sweepKept(redis: Connection, store: ResultStore): Promise<number> {
  let deleted = 0;
  for (;;) {
    const due = (await dueScript.run(redis, [keyOf.kept])) as string[];
    for (const path of due) {
      await store.delete(path);
      await redis.zrem(keyOf.kept, path);
    }
    deleted += due.length;
    if (due.length === 0) return deleted;
  }
}

/**
 * Deletes what a store lists and Redis knows nothing of, as after the loss of its data; younger things may be
 * of a worker that has entered them in another Redis a moment ago.
 */
export async function sweepForgotten(
  redis: Connection,
  { list, delete: remove }: ResultStore,
  olderThanMs = enteredForMs,
): Promise<number> {
  let deleted = 0;
  for await (const { path, ageMs } of list?.() ?? []) {
    if (ageMs < olderThanMs) continue;
    const [entered, readable] = await Promise.all([
      redis.zscore(keyOf.kept, path),
      redis.exists(keyOf.output(path)),
    ]);
    if (entered !== null || readable === 1) continue;
    await remove(path);
    deleted += 1;
  }
  return deleted;
}

const forgottenIntervalMs = 3_600_000;

/** Keeps a store free of what has expired; with several gateways each does the same. */
export function startKeptSweeps(
  redis: Connection,
  store: ResultStore,
  onError: (error: unknown) => void,
  intervalMs: number,
): { stop(): void } {
  let isSweeping = false;
  let nextSearch = 0;
  const sweep = async (): Promise<void> => {
    if (isSweeping || redis.status !== 'ready') return;
    isSweeping = true;
    try {
      await sweepKept(redis, store);
      if (performance.now() < nextSearch) return;
      nextSearch = performance.now() + forgottenIntervalMs;
      await sweepForgotten(redis, store);
    } catch (error) {
      onError(error);
    } finally {
      isSweeping = false;
    }
  };
  const timer = setInterval(sweep, intervalMs);
  timer.unref();
  return { stop: () => clearInterval(timer) };
}
