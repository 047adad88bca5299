import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, test } from 'node:test';
import type { Generate } from '../generate.ts';
import { cancelledFailure } from '../job-error.ts';
import { keyOf } from '../redis/names.ts';
import { output } from '../testing/outputs.ts';
import { openTestQueue } from '../testing/queue.ts';

const queue = await openTestQueue();
const { producer } = queue;
after(() => queue.close());

const submit = (prompt: string): Promise<string> => queue.submit({ prompt });

/** A worker whose requests "hold" run until they are aborted; `held` resolves when one has begun. */
function holdingWorker() {
  let begin: () => void = () => undefined;
  const held = new Promise<void>((resolve) => {
    begin = resolve;
  });
  const aborted: unknown[] = [];
  const generate: Generate = async ({ prompt, seed }, { signal }) => {
    if (prompt !== 'hold') return output(seed);
    begin();
    await new Promise((resolve) => signal.addEventListener('abort', resolve));
    aborted.push(signal.reason);
    throw new Error('aborted');
  };
  return { held, aborted, open: () => queue.work(generate) };
}

test('a waiting request is cancelled where it waits and never reaches a worker', async () => {
  const id = await submit('hold');
  const record = await producer.cancel(id);
  assert.deepEqual([record?.status, record?.error, record?.attempts], ['FAILED', cancelledFailure, 0]);
  assert.equal(await producer.countWaiting(), 0);
  assert.deepEqual(await producer.redis.keys(`{sdxl}:generations-*:${id}*`), []);
});

test('a running request is cancelled through the worker that holds it, which takes the next one', async (t) => {
  const worker = holdingWorker();
  const consumer = await worker.open();
  t.after(() => consumer.close());
  const id = await submit('hold');
  const next = await submit('a panda');
  await worker.held;
  const record = await producer.cancel(id);
  assert.deepEqual([record?.status, record?.error], ['FAILED', cancelledFailure]);
  assert.equal((await producer.waitFor(next, 10_000))?.status, 'COMPLETED');
  assert.deepEqual(worker.aborted, ['cancel']);
  assert.equal((await producer.read(id))?.error, cancelledFailure);
});

test('a cancel that is published while nobody listens is found when the listener is back', async (t) => {
  const worker = holdingWorker();
  const consumer = await worker.open();
  t.after(() => consumer.close());
  const id = await submit('hold');
  const next = await submit('a panda');
  await worker.held;
  // What producer.cancel writes, without its message; then the listeners' connections are cut.
  await producer.redis.hset(keyOf.request(id), { error: cancelledFailure, finishedAt: 1 });
  await producer.redis.call('CLIENT', 'KILL', 'TYPE', 'pubsub');
  assert.equal((await producer.waitFor(next, 10_000))?.status, 'COMPLETED');
  assert.deepEqual(worker.aborted, ['cancel']);
});

test('cancelling twice, or what has ended, changes nothing', async (t) => {
  const worker = holdingWorker();
  const id = await submit('a panda');
  const consumer = await worker.open();
  t.after(() => consumer.close());
  await producer.waitFor(id, 10_000);
  assert.equal((await producer.cancel(id))?.status, 'COMPLETED');
  const other = await submit('hold');
  const first = await producer.cancel(other);
  const second = await producer.cancel(other);
  assert.deepEqual(second, first);
  assert.equal(await producer.cancel(randomUUID()), undefined);
});
