import type { Connection } from './connection.ts';

/** Bytes that Redis uses, and its `maxmemory`, 0 where it has no bound. */
export async function readMemory(redis: Connection): Promise<{ used: number; most: number }> {
  const info = await redis.info('memory');
  const read = (field: string): number => Number(new RegExp(`^${field}:(\\d+)`, 'm').exec(info)?.[1] ?? 0);
  return { used: read('used_memory'), most: read('maxmemory') };
}

/** How much of its `maxmemory` Redis has used, 0 ... 1 and a little above; 0 where it has no bound. */
export async function memoryShare(redis: Connection): Promise<number> {
  const { used, most } = await readMemory(redis);
  return most === 0 ? 0 : used / most;
}
