import type { RequestRecord } from '../../contract/request-record.ts';
import { createBell } from '../bell.ts';
import { isUnavailable } from '../redis/unavailable.ts';
import type { JobEvents } from './events.ts';

export interface WaitParts {
  readonly events: JobEvents;
  readonly read: (id: string) => Promise<RequestRecord | undefined>;
}

/** A waiter looks for itself this often, so that a missed event costs seconds and not the request. */
const recheckMs = 2000;
/** While Redis is away it is asked again this often. */
const awayMs = 250;

/**
 * Resolves with the record once the request has ended, or as it stands after `timeoutMs` or when the signal
 * aborts; undefined when unknown or expired.
 * @param onPicture hears the path of its first picture just before the record is read, if anybody does.
 * @throws where Redis is away then.
 */
export async function waitForEnd(
  { events, read }: WaitParts,
  id: string,
  timeoutMs: number,
  signal?: AbortSignal,
  onPicture?: (path: string) => void,
): Promise<RequestRecord | undefined> {
  const until = performance.now() + timeoutMs;
  const bell = createBell();
  const unsubscribe = events.subscribe(id, (event, _, picture) => {
    if (event !== 'finished') return;
    if (picture !== undefined) onPicture?.(picture);
    bell.ring();
  });
  signal?.addEventListener('abort', bell.ring);
  try {
    for (;;) {
      const isOver = () => performance.now() >= until || signal?.aborted === true;
      let pauseMs = recheckMs;
      try {
        const record = await read(id);
        if (record === undefined || record.finishedAt !== undefined || isOver()) return record;
      } catch (error) {
        if (!isUnavailable(error) || isOver()) throw error;
        pauseMs = awayMs;
      }
      await bell.wait(Math.min(pauseMs, until - performance.now()));
    }
  } finally {
    unsubscribe();
    signal?.removeEventListener('abort', bell.ring);
  }
}
