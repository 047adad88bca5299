import { type Job, Queue } from 'bullmq';
import type { GenerationRequest } from '../../contract/generation.ts';
import type { RequestRecord } from '../../contract/request-record.ts';
import { routeOf } from '../../contract/routes.ts';
import { defaultPriority } from '../records/admit.ts';
import type { Connection } from '../redis/connection.ts';
import { keyOf, type Lifetimes, queueNameOf } from '../redis/names.ts';

/** The queues of all routes, as a gateway sees them. */
export interface Queues {
  /** Every job has a priority: BullMQ runs jobs without before all that have one. */
  add(id: string, request: GenerationRequest, priority?: number): Promise<void>;
  /** The job of a request; undefined where there is none (any more). */
  find(record: RequestRecord): Promise<Job<GenerationRequest> | undefined>;
  /** Returns 1 where the job waited and is gone now, 0 where a worker holds it or there is none. */
  remove(record: RequestRecord): Promise<number>;
  close(): Promise<void>;
}

/** Opens each queue when it is first used, all on the given connection. */
export function openQueues(redis: Connection, lifetimes: Lifetimes, onError: (error: Error) => void): Queues {
  const open = new Map<string, Queue<GenerationRequest>>();
  const queueOf = (request: GenerationRequest): Queue<GenerationRequest> => {
    const route = routeOf(request);
    let queue = open.get(route);
    if (queue === undefined) {
      queue = new Queue<GenerationRequest>(queueNameOf(route), {
        connection: redis,
        defaultJobOptions: {
          attempts: 2,
          backoff: { type: 'exponential', delay: 1000 },
          removeOnComplete: true,
          removeOnFail: { age: lifetimes.retentionSeconds, count: 1000 },
        },
        // Nobody reads them: what happens to requests is told through keyOf.events.
        streams: { events: { maxLen: 10 } },
      });
      queue.on('error', onError);
      open.set(route, queue);
    }
    return queue;
  };
  return {
    add: async (id, request, priority = defaultPriority) => {
      try {
        await queueOf(request).add(request.endpoint, request, { jobId: id, priority });
      } catch (error) {
        // One that was opened while Redis was away never works.
        open.delete(routeOf(request));
        throw error;
      }
      // Where nobody hears it, the job is found when queues are next looked into.
      await redis.publish(keyOf.submitted, id).catch(onError);
    },
    find: ({ id, request }) => queueOf(request).getJob(id),
    remove: ({ id, request }) => queueOf(request).remove(id),
    close: async () => {
      await Promise.allSettled([...open.values()].map((queue) => queue.close()));
    },
  };
}
