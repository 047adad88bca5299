import koffi from 'koffi';
import { textsAt, written } from './c-memory.ts';
import type { Handle, OrtApi } from './function-table.ts';
import { requireOk } from './runtime-error.ts';

/**
 * What an arena says of itself, in bytes and counts: InUse, TotalAllocated, MaxInUse, NumArenaExtensions, ...
 */
export type ArenaStatistics = Readonly<Record<string, number>>;

/**
 * What an arena says of itself, by the names of AllocatorGetStats.
 * @throws Error where it has no statistics.
 */
export function readStatistics(api: OrtApi, allocator: Handle<'Allocator'>): ArenaStatistics {
  const pairs = written<Handle<'KeyValuePairs'>>((out) =>
    requireOk(api, api.AllocatorGetStats(allocator, out)),
  );
  const [keys, values, count] = [new BigUint64Array(1), new BigUint64Array(1), new BigUint64Array(1)];
  api.GetKeyValuePairs(pairs, keys, values, count);
  const list = (of: BigUint64Array): string[] =>
    count[0] === 0n ? [] : textsAt(new BigUint64Array(koffi.view(of[0]!, 8 * Number(count[0])).slice(0)));
  const names = list(keys);
  const numbers = list(values).map(Number);
  api.ReleaseKeyValuePairs(pairs);
  return Object.fromEntries(names.map((name, index) => [name, numbers[index]!]));
}
