import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, test } from 'node:test';
import { request } from '../../contract/testing/requests.ts';
import { createRecord } from '../records/admit.ts';
import { startRecord } from '../records/records.ts';
import { defaultLifetimes } from '../redis/names.ts';
import { openTestQueue } from '../testing/queue.ts';
import { readQueueState } from './queue-state.ts';

const queue = await openTestQueue();
after(() => queue.close());

test('the state of the queue counts what really waits, at 0, 1 and 10,000 requests', async () => {
  const { redis } = queue.producer;
  const idle = { waiting: 0, processing: 0, longestWaitSeconds: 0 };
  assert.deepEqual(await readQueueState(redis), idle);

  const first = await queue.submit();
  const one = await readQueueState(redis);
  assert.deepEqual([one.waiting, one.processing], [1, 0]);

  const submit = () => createRecord(redis, randomUUID(), 'owner', request, defaultLifetimes, 0, {});
  for (let i = 0; i < 10; i++) await Promise.all(Array.from({ length: 1000 }, submit));
  assert.equal((await readQueueState(redis)).waiting, 10_001);

  const before = await readQueueState(redis);
  await startRecord(redis, first, 'an attempt');
  const later = await readQueueState(redis);
  assert.deepEqual([later.waiting, later.processing], [10_000, 1]);
  // The one that had waited longest is worked on now.
  assert.ok(before.longestWaitSeconds > 0 && later.longestWaitSeconds < before.longestWaitSeconds);

  await queue.producer.cancel(first);
  const { waiting, processing } = await readQueueState(redis);
  assert.deepEqual([waiting, processing], [10_000, 0]);
});
