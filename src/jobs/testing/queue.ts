import { randomUUID } from 'node:crypto';
import type { TextToImageRequest } from '../../contract/generation.ts';
import { routesOf } from '../../contract/routes.ts';
import { request } from '../../contract/testing/requests.ts';
import type { Generate } from '../generate.ts';
import { openProducer, type Producer } from '../producer.ts';
import { type Consumer, type ConsumerOptions, consume } from '../queue/consumer.ts';
import type { Lifetimes } from '../redis/names.ts';
import { log } from './outputs.ts';
import { type PrivateRedis, startPrivateRedis } from './redis-server.ts';

/** For the tests of this folder: the gateway's side of the queues on a private Redis. */
export interface TestQueue {
  readonly redis: PrivateRedis;
  readonly producer: Producer;
  submit(overrides?: Partial<TextToImageRequest>): Promise<string>;
  /** A worker in this process that serves everything. */
  work(generate: Generate, options?: Partial<ConsumerOptions>): Promise<Consumer>;
  close(): Promise<void>;
}

export const lifetimes = { retentionSeconds: 60, deadlineSeconds: 60 };
/** Every route of a worker with the base, the refiner and two more models. */
export const allRoutes = routesOf({
  endpoints: ['sdxl-torch', 'sdxl-img2img'],
  refiner: true,
  baseModels: ['juggernaut', 'realvis'],
});

export async function openTestQueue(
  redisArguments: readonly string[] = [],
  own: Lifetimes = lifetimes,
): Promise<TestQueue> {
  const redis = await startPrivateRedis(redisArguments);
  const producer = await openProducer({ redisUrl: redis.url, log, lifetimes: own });
  return {
    redis,
    producer,
    submit: async (overrides = {}) => {
      const id = randomUUID();
      await producer.submit(id, 'owner', { ...request, ...overrides });
      return id;
    },
    work: (generate, options = {}) =>
      consume({ redisUrl: redis.url, routes: allRoutes, generate, log, lifetimes, ...options }),
    close: async () => {
      await producer.close();
      await redis.remove();
    },
  };
}
