import { routesOf } from '../../contract/routes.ts';
import type { Generate } from '../../jobs/generate.ts';
import { openProducer, type Producer } from '../../jobs/producer.ts';
import { consume } from '../../jobs/queue/consumer.ts';
import { startHeartbeat, type WorkerInfo } from '../../jobs/queue/heartbeat.ts';
import { type RedisProxy, startRedisProxy } from '../../jobs/testing/redis-proxy.ts';
import { type PrivateRedis, startPrivateRedis } from '../../jobs/testing/redis-server.ts';
import type { ResultStore } from '../../results/result-store.ts';
import { createLogger } from '../http/logging.ts';
import { checkResponses } from './response-check.ts';

/**
 * What stands behind a gateway in tests: a private Redis, the queue on it and a worker in this process.
 * Responses are held to their schemas.
 */
export interface TestBacking {
  readonly redis: PrivateRedis;
  /** Between the producer and Redis, where it was asked for; the worker has none. */
  readonly proxy: RedisProxy | undefined;
  readonly producer: Producer;
  /** Whether the worker is seen; it is from the start. */
  heartbeat(alive: boolean): Promise<void>;
  close(): Promise<void>;
}

/** Tests that are not about a slow Redis do not fail where the machine is busy. */
const patientMs = 10_000;

export interface BackingOptions {
  /** After which Redis is taken for away. */
  readonly answerMs?: number;
  readonly hasProxy?: boolean;
  /** Where pictures are kept if not in Redis. */
  readonly results?: ResultStore;
  /** How long requests that have ended are kept. */
  readonly retentionSeconds?: number;
}

export async function startTestBacking(
  worker: WorkerInfo,
  generate: Generate,
  { answerMs = patientMs, hasProxy = false, results, retentionSeconds = 60 }: BackingOptions = {},
): Promise<TestBacking> {
  const responses = checkResponses();
  const redis = await startPrivateRedis();
  const queue = {
    redisUrl: redis.url,
    log: createLogger('silent'),
    lifetimes: { retentionSeconds, deadlineSeconds: 60 },
    ...(results && { results }),
  };
  const proxy = hasProxy ? await startRedisProxy(redis.url) : undefined;
  const producer = await openProducer({ ...queue, redisUrl: proxy?.url ?? redis.url, answerMs });
  const consumer = await consume({ ...queue, routes: routesOf(worker), generate });
  // Tests take Redis away, and a beat that falls into it is tried again.
  const passOver = () => undefined;
  let heartbeat = await startHeartbeat(producer.redis, worker, passOver);
  return {
    ...{ redis, proxy, producer },
    heartbeat: async (alive) => {
      await heartbeat.stop();
      if (alive) heartbeat = await startHeartbeat(producer.redis, worker, passOver);
    },
    close: async () => {
      await heartbeat.stop();
      await consumer.close();
      await producer.close();
      await proxy?.close();
      await redis.remove();
      responses.close();
    },
  };
}
