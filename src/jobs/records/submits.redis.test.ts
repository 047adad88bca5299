import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, test } from 'node:test';
import { request } from '../../contract/testing/requests.ts';
import { output } from '../testing/outputs.ts';
import { openTestQueue } from '../testing/queue.ts';

const queue = await openTestQueue();
const { producer } = queue;
after(() => queue.close());

test('a hundred submits at once under one idempotency key make one job', async () => {
  const idempotency = { key: 'order 7', fingerprint: 'f' };
  const ids = Array.from({ length: 100 }, () => randomUUID());
  const admissions = await Promise.all(
    ids.map((id) => producer.submit(id, 'owner', request, 0, { idempotency })),
  );
  const made = ids.filter((_, index) => {
    const admission = admissions[index]!;
    return admission.accepted && admission.earlier === undefined;
  });
  assert.equal(made.length, 1);
  const repeats = new Set(
    admissions.flatMap((admission) =>
      admission.accepted && admission.earlier ? [admission.earlier.id] : [],
    ),
  );
  assert.deepEqual([...repeats], made);
  assert.equal(await producer.countWaiting(), 1);
  assert.deepEqual((await producer.redis.keys('{sdxl}:request:*')).length, 1);

  // The same words of somebody else are another key.
  const foreign = randomUUID();
  assert.deepEqual(await producer.submit(foreign, 'other', request, 0, { idempotency }), { accepted: true });
  await Promise.all([producer.cancel(made[0]!), producer.cancel(foreign)]);
});

test('an idempotency key can be used anew once the record of its request is gone', async () => {
  const idempotency = { key: 'order 8', fingerprint: 'f' };
  const [first, second] = [randomUUID(), randomUUID()];
  await producer.submit(first, 'owner', request, 0, { idempotency });
  assert.equal((await producer.findEarlier('owner', idempotency))?.id, first);
  await producer.cancel(first);
  await producer.redis.del(`{sdxl}:request:${first}`);
  assert.equal(await producer.findEarlier('owner', idempotency), undefined);
  assert.deepEqual(await producer.submit(second, 'owner', request, 0, { idempotency }), { accepted: true });
  await producer.cancel(second);
});

test('lower priorities run first, equal ones in their order, and no priority is the middle one', async (t) => {
  const order: number[] = [];
  const submits: [seed: number, priority: number | undefined][] = [
    [1, undefined],
    [2, 100],
    [3, undefined],
    [4, 1],
    [5, 50],
  ];
  const ids = [];
  for (const [seed, priority] of submits) {
    const id = randomUUID();
    ids.push(id);
    await producer.submit(id, 'owner', { ...request, seed }, 0, { priority });
  }
  const consumer = await queue.work(async ({ seed }) => {
    order.push(seed);
    return output(seed);
  });
  t.after(() => consumer.close());
  await Promise.all(ids.map((id) => producer.waitFor(id, 10_000)));
  assert.deepEqual(order, [4, 1, 3, 5, 2]);
});

test('a refused request is FAILED from the start and no job', async () => {
  const id = randomUUID();
  await producer.submit(id, 'owner', request, 0, { refusal: 'not here' });
  const record = await producer.read(id);
  assert.deepEqual([record?.status, record?.error], ['FAILED', 'not here']);
  assert.equal(await producer.countWaiting(), 0);
});
