import { QueueEvents } from 'bullmq';
import type { GenerationProgress } from '../contract/generation.ts';
import { bullOptions, patientOptions } from './connection.ts';
import { queueName } from './names.ts';

/** Progress as it travels through the queue's event stream. */
export interface JobProgress extends GenerationProgress {
  /** With this step came a small picture, see `readPreview`. */
  readonly hasPreview?: boolean;
}

/** What is heard of one job: 'changed' means its record is worth reading again; a step of its work comes with its progress. */
export type JobListener = (event: 'changed' | 'finished', progress?: JobProgress) => void;

export interface JobEvents {
  /** Calls the listener for one job until the returned function is called. */
  subscribe(id: string, listener: JobListener): () => void;
  /** Calls the listener whenever any job has left the queue of waiting ones. */
  onQueueMoved(listener: () => void): () => void;
  close(): Promise<void>;
}

/** One reader of the queue's event stream for the whole process, however many requests wait. */
export async function openEvents(redisUrl: string, onError: (error: Error) => void): Promise<JobEvents> {
  const listeners = new Map<string, Set<JobListener>>();
  const moveListeners = new Set<() => void>();
  const tell = (id: string, ...heard: Parameters<JobListener>): void => {
    for (const listener of listeners.get(id) ?? []) listener(...heard);
  };
  const moved = (): void => {
    for (const listener of moveListeners) listener();
  };
  // Read from the start of the (trimmed) stream: with "$" an event between two blocking reads would be missed.
  const events = new QueueEvents(queueName, {
    connection: bullOptions(redisUrl, patientOptions()),
    lastEventId: '0-0',
  });
  events.on('error', onError);
  events.on('completed', ({ jobId }) => tell(jobId, 'finished'));
  events.on('failed', ({ jobId }) => tell(jobId, 'finished'));
  events.on('removed', ({ jobId }) => {
    tell(jobId, 'finished');
    moved();
  });
  events.on('active', ({ jobId }) => {
    tell(jobId, 'changed');
    moved();
  });
  // Given back by a worker, or waiting for its second attempt.
  events.on('waiting', ({ jobId }) => tell(jobId, 'changed'));
  events.on('delayed', ({ jobId }) => tell(jobId, 'changed'));
  events.on('progress', ({ jobId, data }) => tell(jobId, 'changed', data as JobProgress));
  await events.waitUntilReady();
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
    close: () => events.close(),
  };
}
