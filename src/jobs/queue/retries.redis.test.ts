import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, test } from 'node:test';
import { request } from '../../contract/testing/requests.ts';
import { JobError } from '../job-error.ts';
import { keyOf } from '../redis/names.ts';
import { output } from '../testing/outputs.ts';
import { openTestQueue } from '../testing/queue.ts';

const queue = await openTestQueue();
const { producer } = queue;
after(() => queue.close());

test('a request that is tried again keeps its place and says meanwhile that it waits', async (t) => {
  const order: number[] = [];
  const ids = [];
  for (const seed of [1, 2, 3, 4]) ids.push(await queue.submit({ seed }));
  const states: string[] = [];
  const followed = (async () => {
    for await (const event of producer.watch(ids[1]!, AbortSignal.timeout(10_000)))
      if (event.type === 'state') states.push(event.record.status);
  })();
  while (states.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
  const failed = new Set<number>();
  const consumer = await queue.work(async ({ seed }) => {
    order.push(seed);
    // Long enough to be followed.
    await new Promise((resolve) => setTimeout(resolve, 50));
    if (seed < 3 && !failed.has(seed)) {
      failed.add(seed);
      throw new JobError('the engine ended', { retryable: true });
    }
    return output(seed);
  });
  t.after(() => consumer.close());
  for (const id of ids) assert.equal((await producer.waitFor(id, 10_000))?.status, 'COMPLETED');
  await followed;
  assert.deepEqual(order, [1, 1, 2, 2, 3, 4]);
  assert.deepEqual(states.slice(0, 2), ['QUEUED', 'PROCESSING']);
  assert.equal(states.at(-1), 'COMPLETED');
});

test('two requests that come back to a queue stand in the order of their acceptance', async (t) => {
  const ids = [await queue.submit({ seed: 1 }), await queue.submit({ seed: 2 })];
  const later = await queue.submit({ seed: 3 });
  const held: string[] = [];
  const bothHeld = Promise.withResolvers<void>();
  const hold = async (_: unknown, { id }: { readonly id: string }) => {
    held.push(id);
    if (held.length === 2) bothHeld.resolve();
    return await new Promise<never>(() => undefined);
  };
  const workers = [await queue.work(hold), await queue.work(hold)];
  await bothHeld.promise;
  for (const worker of workers.reverse()) await worker.close();
  const order: number[] = [];
  const consumer = await queue.work(async ({ seed }) => {
    order.push(seed);
    return output(seed);
  });
  t.after(() => consumer.close());
  for (const id of [...ids, later]) await producer.waitFor(id, 10_000);
  assert.deepEqual(order, [1, 2, 3]);
});

test('failures that were not its doing are not held against a request', async (t) => {
  let attempts = 0;
  const consumer = await queue.work(async ({ seed }) => {
    attempts += 1;
    if (attempts < 5) throw new JobError('no engine yet', { retryable: true, blameless: true });
    return output(seed);
  });
  t.after(() => consumer.close());
  const record = await producer.waitFor(await queue.submit(), 10_000);
  assert.deepEqual([record?.status, attempts], ['COMPLETED', 5]);
});

test('a worker whose clock is an hour fast tries again at once, and times are those of Redis', async (t) => {
  t.mock.timers.enable({ apis: ['Date'], now: Date.now() + 3_600_000 });
  let attempts = 0;
  const consumer = await queue.work(async ({ seed }) => {
    attempts += 1;
    if (attempts === 1) throw new JobError('the engine ended', { retryable: true });
    return output(seed);
  });
  t.after(() => consumer.close());
  const record = await producer.waitFor(await queue.submit(), 10_000);
  assert.deepEqual([record?.status, attempts], ['COMPLETED', 2]);
  for (const time of [record!.submittedAt, record!.startedAt!, record!.finishedAt!])
    assert.ok(time < Date.now() - 3_500_000, String(time));
});

test('jobs hold no prompt, and nothing of them is left after the end, whatever it was', async (t) => {
  const consumer = await queue.work(async ({ prompt, seed }) => {
    if (prompt === 'fail') throw new JobError('NaN', { retryable: false });
    return output(seed);
  });
  t.after(() => consumer.close());
  const waiting = randomUUID();
  const unserved = { ...request, endpoint: 'sdxl-img2img', baseModel: 'nobody', imageKey: '' } as const;
  await producer.submit(waiting, 'owner', unserved);
  const job = await producer.redis.hgetall(`{sdxl}:generations-nobody:${waiting}`);
  assert.ok(job.opts && !JSON.stringify(job).includes('panda'));
  await producer.cancel(waiting);
  for (const prompt of ['fail', 'a panda']) await producer.waitFor(await queue.submit({ prompt }), 10_000);
  while ((await producer.redis.keys('{sdxl}:generations-*:????????-*')).length > 0)
    await new Promise((resolve) => setTimeout(resolve, 20));

  const lasting: string[] = [];
  for (const key of await producer.redis.keys('*'))
    if ((await producer.redis.ttl(key)) === -1 && !key.startsWith('{sdxl}:generations-')) lasting.push(key);
  assert.deepEqual(lasting, [keyOf.sequence], 'what ended requests leave behind expires');
});

test('an input picture goes with the end of its request, and soon where that was not accepted', async () => {
  const { redis } = producer;
  const base = { ...request, endpoint: 'sdxl-img2img', baseModel: 'nobody' } as const;
  const submit = async (refusal?: string): Promise<string> => {
    const id = randomUUID();
    const imageKey = await producer.storeInput(id, Buffer.from('png'));
    assert.ok((await redis.ttl(keyOf.input(id))) <= 120);
    await producer.submit(id, 'owner', { ...base, imageKey }, 0, { refusal });
    return id;
  };
  const id = await submit();
  // Its deadline and its hour of the test's lifetimes.
  assert.ok((await redis.ttl(keyOf.input(id))) > 120);
  await producer.cancel(id);
  for (const each of [id, await submit('not here')]) assert.equal(await redis.exists(keyOf.input(each)), 0);
});
