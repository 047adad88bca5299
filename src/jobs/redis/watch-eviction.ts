import type { Log } from '../log.ts';
import { assertNoEviction, type Connection, EvictionError } from './connection.ts';

const defaultIntervalMs = 10_000;

/**
 * Looks whether somebody has changed Redis's eviction policy while this runs, and says so in the log, when
 * it happens and when it is mended.
 * @returns what ends it.
 */
export function watchEviction(redis: Connection, log: Log, intervalMs = defaultIntervalMs): () => void {
  let evicts = false;
  const look = async (): Promise<void> => {
    try {
      await assertNoEviction(redis);
      if (evicts) log.info({}, 'Redis no longer drops queued jobs when full');
      evicts = false;
    } catch (error) {
      // That Redis is away is told by its connection.
      if (!(error instanceof EvictionError) || evicts) return;
      evicts = true;
      log.error({ err: error }, 'Redis would drop queued jobs when full');
    }
  };
  const timer = setInterval(() => void look(), intervalMs);
  timer.unref();
  return () => clearInterval(timer);
}
