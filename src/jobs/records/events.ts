import type { GenerationProgress } from '../../contract/generation.ts';
import { listen } from '../redis/listen.ts';
import { keyOf } from '../redis/names.ts';
import type { RedisAddress } from '../redis/redis-address.ts';

/** Progress as it travels to the gateways. */
export interface JobProgress extends GenerationProgress {
  /** With this step came a small picture, see `readPreview`. */
  readonly hasPreview?: boolean;
}

/**
 * What is heard of one request: 'changed' means its record is worth reading again; a step of its work comes
 * with its progress, an end that has pictures with the path of the first.
 */
export type JobListener = (event: 'changed' | 'finished', progress?: JobProgress, picture?: string) => void;

export interface JobEvents {
  /** Calls the listener for one request until the returned function is called. */
  subscribe(id: string, listener: JobListener): () => void;
  /** Calls the listener whenever the requests that wait have changed. */
  onQueueMoved(listener: () => void): () => void;
  close(): void;
}

/**
 * One listener for the whole process, however many requests wait. The scripts that change a record tell it in
 * the same step: `<id> started | waiting | finished [<path>] | progress <json>`.
 */
export async function openEvents(
  redisUrl: RedisAddress,
  onError: (error: Error) => void,
): Promise<JobEvents> {
  const listeners = new Map<string, Set<JobListener>>();
  const moveListeners = new Set<() => void>();
  const tell = (id: string, ...heard: Parameters<JobListener>): void => {
    for (const listener of listeners.get(id) ?? []) listener(...heard);
  };
  const moved = (): void => {
    for (const listener of moveListeners) listener();
  };
  const onMessage = (message: string): void => {
    const [, id = '', what, rest] = /^(\S+) (\w+) ?(.*)$/.exec(message) ?? [];
    if (what === 'progress') {
      if (listeners.has(id)) tell(id, 'changed', JSON.parse(rest!) as JobProgress);
      return;
    }
    if (what === 'finished') tell(id, 'finished', undefined, rest || undefined);
    else tell(id, 'changed');
    moved();
  };
  const connection = await listen({
    redisUrl,
    channels: { [keyOf.events]: onMessage },
    onBack: () => {
      for (const id of listeners.keys()) tell(id, 'changed');
      moved();
    },
    onError,
  });
  return {
    subscribe: (id, listener) => {
      const own = listeners.get(id) ?? new Set();
      own.add(listener);
      listeners.set(id, own);
      return () => {
        own.delete(listener);
        if (own.size === 0) listeners.delete(id);
      };
    },
    onQueueMoved: (listener) => {
      moveListeners.add(listener);
      return () => moveListeners.delete(listener);
    },
    close: connection.close,
  };
}
