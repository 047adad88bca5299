import type { Connection } from './connection.ts';

/** How much of its `maxmemory` Redis has used, 0 ... 1 and a little above; 0 where it has no bound. */
export async function memoryShare(redis: Connection): Promise<number> {
  const info = await redis.info('memory');
  const read = (field: string): number => Number(new RegExp(`^${field}:(\\d+)`, 'm').exec(info)?.[1] ?? 0);
  const most = read('maxmemory');
  return most === 0 ? 0 : read('used_memory') / most;
}
