import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, test } from 'node:test';
import type { GenerationRequest, ImageToImageRequest } from '../../contract/generation.ts';
import { request } from '../../contract/testing/requests.ts';
import { keyOf } from '../redis/names.ts';
import { output } from '../testing/outputs.ts';
import { openTestQueue } from '../testing/queue.ts';
import { knownRoutes, startHeartbeat } from './heartbeat.ts';

/** What was one queue's to promise holds across the queues of several models. */

const queue = await openTestQueue();
const { producer } = queue;
after(() => queue.close());

const { style: _, highNoiseFraction: __, refiner: ___, width: ____, height: _____, ...common } = request;
const edit = (baseModel: string, seed = 7): ImageToImageRequest => ({
  ...common,
  seed,
  endpoint: 'sdxl-img2img',
  baseModel,
  imageKey: '',
});
const text = (seed: number): GenerationRequest => ({ ...request, seed, refiner: false });

async function submit(given: GenerationRequest, priority?: number): Promise<string> {
  const id = randomUUID();
  await producer.submit(id, 'owner', given, 0, { priority });
  return id;
}

async function place(id: string): Promise<number | undefined> {
  for await (const event of producer.watch(id, AbortSignal.timeout(10_000)))
    if (event.type === 'position') return event.position;
  return undefined;
}

test('requests for several models are counted, placed and begun as in one queue', async (t) => {
  const ids = [
    await submit(text(1)),
    await submit(edit('juggernaut', 2)),
    await submit(text(3)),
    await submit(edit('realvis', 4)),
    await submit({ ...request, seed: 5 }),
    await submit(edit('juggernaut', 6), 1),
  ];
  assert.equal(await producer.countWaiting(), 6);
  assert.deepEqual(await Promise.all(ids.map(place)), [2, 3, 4, 5, 6, 1]);
  const order: number[] = [];
  const consumer = await queue.work(async ({ seed }) => {
    order.push(seed);
    return output(seed);
  });
  t.after(() => consumer.close());
  for (const id of ids) assert.equal((await producer.waitFor(id, 10_000))?.status, 'COMPLETED');
  assert.deepEqual(order, [6, 1, 2, 3, 4, 5]);
  assert.equal(await producer.countWaiting(), 0);
});

test('a worker takes only what it serves, and gives back to the place it took from', async (t) => {
  const [mine, theirs] = [await submit(edit('realvis', 1)), await submit(edit('juggernaut', 2))];
  const later = await submit(edit('realvis', 3));
  const held = Promise.withResolvers<void>();
  const worker = await queue.work(
    () => {
      held.resolve();
      return new Promise(() => undefined);
    },
    { routes: ['realvis'] },
  );
  await held.promise;
  assert.equal((await producer.read(mine))?.status, 'PROCESSING');
  assert.deepEqual(await Promise.all([theirs, later].map(place)), [1, 2]);
  await worker.close();
  assert.deepEqual(await Promise.all([mine, theirs, later].map(place)), [1, 2, 3]);
  const order: number[] = [];
  const other = await queue.work(
    async ({ seed }) => {
      order.push(seed);
      return output(seed);
    },
    { routes: ['realvis'] },
  );
  t.after(() => other.close());
  await producer.waitFor(later, 10_000);
  assert.deepEqual(order, [1, 3]);
  assert.equal((await producer.read(theirs))?.status, 'QUEUED');
  await producer.cancel(theirs);
  assert.equal(await producer.countWaiting(), 0);
  assert.deepEqual(await producer.redis.keys(`{sdxl}:generations-*:${theirs}`), []);
});

test('what workers served is known for a day after the last has gone', async () => {
  const { redis } = producer;
  const info = { id: 'x', device: 'cpu', endpoints: ['sdxl-img2img'], refiner: false } as const;
  const heartbeat = await startHeartbeat(
    redis,
    { ...info, baseModels: ['yamer'], sizeMultiple: undefined, resident: [], busy: false },
    assert.ifError,
  );
  await heartbeat.stop();
  const silentMs = (await knownRoutes(redis)).get('yamer')!;
  assert.ok(silentMs >= 0 && silentMs < 10_000, String(silentMs));
  await redis.zincrby(keyOf.routes, -25 * 3600 * 1000, 'yamer');
  const next = await startHeartbeat(
    redis,
    { ...info, baseModels: ['realvis'], sizeMultiple: undefined, resident: [], busy: false },
    assert.ifError,
  );
  assert.deepEqual([...(await knownRoutes(redis)).keys()], ['realvis']);
  await next.stop();
});
