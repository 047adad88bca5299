import { QueueEvents } from 'bullmq';
import { bullOptions, patientOptions } from './connection.ts';
import { queueName } from './names.ts';

/** What is heard of one job: 'changed' means its record is worth reading again. */
export type JobListener = (event: 'changed' | 'finished') => void;

export interface JobEvents {
  /** Calls the listener for one job until the returned function is called. */
  subscribe(id: string, listener: JobListener): () => void;
  close(): Promise<void>;
}

/** One reader of the queue's event stream for the whole process, however many requests wait. */
export async function openEvents(redisUrl: string, onError: (error: Error) => void): Promise<JobEvents> {
  const listeners = new Map<string, Set<JobListener>>();
  const tell = (id: string, event: Parameters<JobListener>[0]): void => {
    for (const listener of listeners.get(id) ?? []) listener(event);
  };
  // Read from the start of the (trimmed) stream: with "$" an event between two blocking reads would be missed.
  const events = new QueueEvents(queueName, {
    connection: bullOptions(redisUrl, patientOptions()),
    lastEventId: '0-0',
  });
  events.on('error', onError);
  events.on('completed', ({ jobId }) => tell(jobId, 'finished'));
  events.on('failed', ({ jobId }) => tell(jobId, 'finished'));
  events.on('active', ({ jobId }) => tell(jobId, 'changed'));
  events.on('progress', ({ jobId }) => tell(jobId, 'changed'));
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
    close: () => events.close(),
  };
}
