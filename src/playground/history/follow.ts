import { CallFailed } from '../../client/http.ts';
import { client } from '../parts/api.ts';
import type { Result } from '../parts/wire.ts';
import { createTimeLeft } from '../stage/time-left.ts';
import type { EntryStatus, HistoryEntry, Live } from './history-entry.ts';

/** Follows requests to their ends, however often the connection breaks. */
export interface Follower {
  follow(id: string): void;
  forget(id: string): void;
}

export type End = Pick<HistoryEntry, 'status' | 'error' | 'result'>;

export interface FollowerTells {
  onLive(id: string, live: Live): void;
  onStatus(id: string, status: EntryStatus): void;
  /** Once for each request that is not forgotten before. */
  onEnd(id: string, end: End): Promise<void>;
}

/**
 * Browsers open six connections to a server over HTTP/1.1, for all tabs together; streams must not take them
 * all.
 */
const mostStreams = 2;
/** Requests without a stream are asked for this often, and broken streams are opened again after it. */
const intervalMs = 2000;

/** The oldest requests, which run first, are followed by their events; the others are polled. */
export function createFollower({ onLive, onStatus, onEnd }: FollowerTells): Follower {
  const waiting: string[] = [];
  const streams = new Map<string, AbortController>();
  let timer: ReturnType<typeof setTimeout> | undefined;

  const end = async (id: string, outcome: End): Promise<void> => {
    forget(id);
    await onEnd(id, outcome);
  };

  const stream = async (id: string, signal: AbortSignal): Promise<void> => {
    const timeLeft = createTimeLeft();
    for await (const { name, data } of client.events(id, signal)) {
      if (name === 'position') onLive(id, data);
      else if (name === 'status') onStatus(id, data.status);
      else if (name === 'progress') {
        const secondsLeft = timeLeft.at(data, performance.now());
        onLive(id, { progress: data, ...(secondsLeft !== undefined && { secondsLeft }) });
      } else if (name === 'preview') onLive(id, { preview: blobOf(data.image) });
      else if (name === 'done') return await end(id, { status: 'COMPLETED', result: data });
      else if (name === 'failed') return await end(id, { status: 'FAILED', error: data.error });
    }
  };

  const openStreams = (): void => {
    while (streams.size < mostStreams && waiting.length > 0) {
      const id = waiting.shift()!;
      const controller = new AbortController();
      streams.set(id, controller);
      stream(id, controller.signal)
        .catch((error: unknown) => failed(id, error))
        .finally(() => {
          // One that broke off before the end is taken up again.
          if (streams.get(id) === controller) {
            streams.delete(id);
            waiting.unshift(id);
            schedule();
          } else openStreams();
        });
    }
    schedule();
  };

  /** A request that the server does not know will not come back; anything else may pass. */
  const failed = async (id: string, error: unknown): Promise<void> => {
    if (error instanceof CallFailed && error.status === 404) await end(id, { status: 'GONE' });
  };

  const poll = async (id: string): Promise<void> => {
    try {
      const body = (await (await client.call(`v2/requests/${id}`)).json()) as Result & {
        status: EntryStatus;
      };
      if (!waiting.includes(id)) return;
      if (body.status === 'COMPLETED') await end(id, { status: 'COMPLETED', result: body });
      else onStatus(id, body.status);
    } catch (error) {
      if (error instanceof CallFailed && error.status === 422)
        await end(id, { status: 'FAILED', error: error.message });
      else await failed(id, error);
    }
  };

  const schedule = (): void => {
    if (waiting.length === 0 || timer !== undefined) return;
    timer = setTimeout(async () => {
      timer = undefined;
      openStreams();
      for (const id of [...waiting]) await poll(id);
      schedule();
    }, intervalMs);
  };

  const forget = (id: string): void => {
    const place = waiting.indexOf(id);
    if (place !== -1) waiting.splice(place, 1);
    const controller = streams.get(id);
    streams.delete(id);
    controller?.abort();
  };

  return {
    follow: (id) => {
      if (waiting.includes(id) || streams.has(id)) return;
      waiting.push(id);
      openStreams();
    },
    forget,
  };
}

/** A `data:` picture as a blob: the page's policy lets pictures come from itself only. */
function blobOf(dataUri: string): Blob {
  const [header, encoded] = dataUri.split(',', 2) as [string, string];
  const bytes = Uint8Array.from(atob(encoded), (character) => character.charCodeAt(0));
  return new Blob([bytes], { type: header.slice('data:'.length).replace(';base64', '') });
}
