import type { GenerationProgress } from '../../contract/generation.ts';
import type { RequestRecord } from '../../contract/request-record.ts';
import { createBell } from '../bell.ts';
import type { Connection } from '../redis/connection.ts';
import { keyOf } from '../redis/names.ts';
import { isUnavailable } from '../redis/unavailable.ts';
import type { JobEvents, JobProgress } from './events.ts';
import { readProgress } from './records.ts';
import { readPreview } from './stored-pictures.ts';

/** What a follower of a request is told. */
export type RequestEvent =
  /** It is now in this state; the last event where it has ended. */
  | { readonly type: 'state'; readonly record: RequestRecord }
  /** Its place among all that wait, whatever models they need; 1 is next. */
  | { readonly type: 'position'; readonly position: number }
  | { readonly type: 'progress'; readonly progress: GenerationProgress }
  /** A small JPEG of the picture on its way. */
  | { readonly type: 'preview'; readonly jpeg: Buffer }
  /** Nothing happened for a while. */
  | { readonly type: 'heartbeat' };

export interface WatchParts {
  readonly redis: Connection;
  readonly events: JobEvents;
  /** The same reader that polling uses, so that both say the same. */
  readonly read: (id: string) => Promise<RequestRecord | undefined>;
}

/** The record is looked at this often without any event, so that a missed one costs seconds. */
const recheckMs = 2000;
/** While Redis is away it is asked again this often. */
const awayMs = 250;
/** Places in the queue are looked up at most this often, however fast it moves. */
const positionMs = 500;

/**
 * Follows a request from how it stands now to its end. Events are states and not a log: a slow follower
 * misses steps in between, never the end. Ends without a final state when the record has expired or the
 * signal aborts.
 */
export async function* watchRequest(
  { redis, events, read }: WatchParts,
  id: string,
  signal: AbortSignal,
  heartbeatMs = 15_000,
): AsyncGenerator<RequestEvent, void> {
  const bell = createBell();
  let due = { record: true, position: false, preview: false };
  let progress: JobProgress | undefined;
  let record: RequestRecord | undefined;
  let position: number | undefined;
  let positionTimer: NodeJS.Timeout | undefined;

  const unsubscribe = events.subscribe(id, (_, step) => {
    // A step can be heard while the record that says the job runs is still being read: it is told after that.
    if (step !== undefined) progress = step;
    if (step === undefined || record?.status !== 'PROCESSING') due.record = true;
    if (step?.hasPreview) due.preview = true;
    bell.ring();
  });
  const stopListening = events.onQueueMoved(() => {
    if (record?.status !== 'QUEUED') return;
    positionTimer ??= setTimeout(() => {
      positionTimer = undefined;
      due.position = true;
      bell.ring();
    }, positionMs);
  });
  signal.addEventListener('abort', bell.ring);

  let toldAt = performance.now();
  try {
    while (!signal.aborted) {
      const now = { ...due };
      due = { record: false, position: false, preview: false };
      let told: RequestEvent[] = [];
      let pauseMs = Math.min(recheckMs, heartbeatMs);
      try {
        if (now.record) {
          const current = await read(id);
          if (current === undefined) return;
          if (current.status !== record?.status) {
            told.push({ type: 'state', record: current });
            now.position = true;
            position = undefined;
            if (current.status === 'QUEUED') progress = undefined;
            if (current.status === 'PROCESSING') {
              // What is heard meanwhile is newer.
              progress = undefined;
              const stored = await readProgress(redis, id);
              progress ??= stored;
              now.preview = true;
            }
          }
          record = current;
        }
        if (record!.status === 'QUEUED' && now.position) {
          const place = await queuePosition(redis, id);
          if (place !== undefined && place !== position) told.push({ type: 'position', position: place });
          position = place;
        }
        if (record!.status === 'PROCESSING') {
          if (progress !== undefined) told.push({ type: 'progress', progress: withoutMark(progress) });
          progress = undefined;
          const jpeg = now.preview ? await readPreview(redis, id) : undefined;
          if (jpeg !== undefined) told.push({ type: 'preview', jpeg });
        }
      } catch (error) {
        // While Redis is away nothing is told, and everything afterwards.
        if (!isUnavailable(error)) throw error;
        told = [];
        record = undefined;
        due = { record: true, position: false, preview: false };
        pauseMs = Math.min(pauseMs, awayMs);
      }

      if (told.length === 0 && performance.now() - toldAt >= heartbeatMs) told.push({ type: 'heartbeat' });
      for (const event of told) {
        yield event;
        toldAt = performance.now();
      }
      if (record?.finishedAt !== undefined) return;
      if (!(await bell.wait(pauseMs))) due.record = true;
    }
  } finally {
    unsubscribe();
    stopListening();
    clearTimeout(positionTimer);
    signal.removeEventListener('abort', bell.ring);
  }
}

function withoutMark({ sample, samples, step, steps }: JobProgress): GenerationProgress {
  return { sample, samples, step, steps };
}

/** 1 for the request that is next; undefined while it does not wait for its first attempt. */
async function queuePosition(redis: Connection, id: string): Promise<number | undefined> {
  const rank = await redis.zrank(keyOf.waiting, id);
  return rank === null ? undefined : rank + 1;
}
