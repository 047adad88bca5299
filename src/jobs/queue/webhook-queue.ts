import { Queue, UnrecoverableError, Worker } from 'bullmq';
import type { RequestRecord } from '../../contract/request-record.ts';
import { JobError } from '../job-error.ts';
import type { Log } from '../log.ts';
import type { WebhookTarget } from '../records/admit.ts';
import { readRecord } from '../records/read-record.ts';
import { bullOptions, type Connection, failFastOptions, patientOptions } from '../redis/connection.ts';
import { keyOf } from '../redis/names.ts';

/** What is sent about one ended request; the same in every attempt. */
export interface WebhookMessage {
  /** Id of the request. */
  readonly id: string;
  readonly url: string;
  readonly body: string;
}

export interface WebhookQueueOptions {
  readonly redisUrl: string;
  /** For reads and single writes. */
  readonly redis: Connection;
  readonly log: Log;
  /** The message about an ended request. */
  readonly compose: (record: RequestRecord, base: string) => Promise<string>;
  /** @throws to be tried again; JobError that is not retryable to give up. */
  readonly deliver: (message: WebhookMessage) => Promise<void>;
  /** Waits between attempts. */
  readonly retryDelaysMs?: readonly number[];
  /** How often ended requests are looked for. */
  readonly intervalMs?: number;
}

const webhookQueue = 'webhooks';
/** About an hour in all, as long as the result stays readable. */
const hourOfRetries = [5_000, 30_000, 120_000, 600_000, 1_800_000, 1_800_000];
/** A job that is done is remembered this long, so that two gateways that found it due make one of it. */
const rememberSeconds = 3600;

/**
 * Tells the ends of requests to their webhooks. That one is due is written in the same step as the end
 * itself, so no crash loses it; a receiver may hear of an end more than once and knows it by the message's
 * id.
 */
export async function openWebhookQueue(options: WebhookQueueOptions): Promise<{ close(): Promise<void> }> {
  const { redisUrl, redis, log, compose, deliver, retryDelaysMs = hourOfRetries } = options;
  const onError = (error: unknown) => log.warn({ err: error }, 'webhook queue error');
  const queue = new Queue<WebhookMessage>(webhookQueue, {
    connection: bullOptions(redisUrl, failFastOptions()),
    defaultJobOptions: {
      attempts: retryDelaysMs.length + 1,
      backoff: { type: 'custom' },
      removeOnComplete: { age: rememberSeconds },
      removeOnFail: { age: rememberSeconds },
    },
    streams: { events: { maxLen: 100 } },
  });
  queue.on('error', onError);
  const worker = new Worker<WebhookMessage>(
    webhookQueue,
    async ({ data }) => {
      try {
        await deliver(data);
      } catch (error) {
        log.warn({ id: data.id, err: error }, 'webhook not delivered');
        if (error instanceof JobError && !error.retryable) throw new UnrecoverableError(error.message);
        throw error;
      }
    },
    {
      connection: bullOptions(redisUrl, patientOptions()),
      concurrency: 20,
      settings: { backoffStrategy: (attempt) => retryDelaysMs[attempt - 1] ?? 0 },
    },
  );
  worker.on('error', onError);
  await Promise.all([queue.waitUntilReady(), worker.waitUntilReady()]);

  const enqueue = async (id: string): Promise<void> => {
    const [found, target] = await Promise.all([
      readRecord(redis, id),
      redis.hget(keyOf.request(id), 'webhook'),
    ]);
    if (found !== undefined && target !== null) {
      const { url, base } = JSON.parse(target) as WebhookTarget;
      await queue.add('deliver', { id, url, body: await compose(found.record, base) }, { jobId: id });
    }
    await redis.srem(keyOf.webhooksDue, id);
  };
  let sweeping: Promise<void> = Promise.resolve();
  const sweep = async (): Promise<void> => {
    for (const id of await redis.smembers(keyOf.webhooksDue)) await enqueue(id);
  };
  const timer = setInterval(() => {
    if (redis.status === 'ready') sweeping = sweeping.then(sweep).catch(onError);
  }, options.intervalMs ?? 1000);

  return {
    close: async () => {
      clearInterval(timer);
      await sweeping;
      await Promise.allSettled([worker.close(), queue.close()]);
    },
  };
}
