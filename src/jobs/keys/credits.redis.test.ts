import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, test } from 'node:test';
import { request } from '../../contract/testing/requests.ts';
import { completeRecord, failRecord, startRecord } from '../records/records.ts';
import { requeueRecord } from '../records/waiting-again.ts';
import { withdraw } from '../records/withdraw.ts';
import { lifetimes, openTestQueue } from '../testing/queue.ts';
import { createApiKey, revokeApiKey } from './api-keys.ts';
import { addCredits, readBalance } from './credits.ts';

/** What a request takes from its owner's key and what it gives back. */

const result = {
  images: [],
  seed: 7,
  prompt: 'a panda',
  checkpoints: [],
  inferenceSeconds: 1,
  stageSeconds: {},
};

const queue = await openTestQueue();
const { producer } = queue;
after(() => queue.close());

const owner = async (limits: Parameters<typeof createApiKey>[2]): Promise<string> =>
  (await createApiKey(producer.redis, 'test', limits)).apiKey.id;

async function accepted(keyId: string, cost: number): Promise<string> {
  const id = randomUUID();
  assert.deepEqual(await producer.submit(id, keyId, request, cost), { accepted: true });
  return id;
}

test('a request is charged when it is submitted, and refused without a trace when the balance is too small', async () => {
  const key = await owner({ credits: 1 });
  const id = await accepted(key, 0.7);
  assert.deepEqual(await readBalance(producer.redis, key), { remaining: 0.3, used: 0.7 });
  assert.equal((await producer.read(id))?.cost, 0.7);
  const refused = randomUUID();
  assert.deepEqual(await producer.submit(refused, key, request, 0.300001), {
    accepted: false,
    lacking: 'credits',
    balance: 0.3,
    cost: 0.300001,
  });
  assert.equal(await producer.read(refused), undefined);
  assert.deepEqual(await readBalance(producer.redis, key), { remaining: 0.3, used: 0.7 });
  await accepted(key, 0.3);
  assert.deepEqual(await readBalance(producer.redis, key), { remaining: 0, used: 1 });
});

test('a thousand requests at a tenth of a credit leave exactly nothing', async () => {
  const key = await owner({ credits: 100 });
  for (let index = 0; index < 1000; index++) await accepted(key, 0.1);
  assert.deepEqual(await readBalance(producer.redis, key), { remaining: 0, used: 100 });
});

test('of a hundred requests at once as many are taken as the balance covers', async () => {
  const key = await owner({ credits: 7 });
  const outcomes = await Promise.all(
    Array.from({ length: 100 }, () => producer.submit(randomUUID(), key, request, 1)),
  );
  assert.equal(outcomes.filter(({ accepted: taken }) => taken).length, 7);
  assert.deepEqual(await readBalance(producer.redis, key), { remaining: 0, used: 7 });
});

test('a failed request gives its credits back, once', async () => {
  const key = await owner({ credits: 5 });
  const id = await accepted(key, 2);
  assert.equal(await failRecord(producer.redis, id, 'NaN', lifetimes), true);
  assert.equal(await failRecord(producer.redis, id, 'NaN', lifetimes), false);
  await withdraw(producer.redis, id);
  assert.deepEqual(await readBalance(producer.redis, key), { remaining: 5, used: 0 });
});

test('a finished request keeps its credits, whatever is said of it later', async () => {
  const key = await owner({ credits: 5 });
  const id = await accepted(key, 2);
  await completeRecord(producer.redis, id, result, lifetimes, 'run');
  await failRecord(producer.redis, id, 'late', lifetimes);
  assert.deepEqual(await readBalance(producer.redis, key), { remaining: 3, used: 2 });
});

test('a request that never reached the queue gives its credits back', async () => {
  const key = await owner({ credits: 5, maxQueued: 1 });
  await withdraw(producer.redis, await accepted(key, 2));
  assert.deepEqual(await readBalance(producer.redis, key), { remaining: 5, used: 0 });
  await accepted(key, 2);
});

test('unlimited keys and unknown owners are charged nothing', async () => {
  for (const each of [await owner({}), 'anybody']) {
    const id = await accepted(each, 2);
    assert.equal((await producer.read(id))?.cost, 0);
    assert.deepEqual(await readBalance(producer.redis, each), { remaining: undefined, used: 0 });
    await failRecord(producer.redis, id, 'NaN', lifetimes);
    assert.equal(await producer.redis.hexists(`{sdxl}:api-key:${each}`, 'credits'), 0);
  }
});

test('a key has at most its number of unfinished requests, through retries and drains', async () => {
  const key = await owner({ maxQueued: 2 });
  const [first, second] = [await accepted(key, 0), await accepted(key, 0)];
  const full = { accepted: false, lacking: 'queued', unfinished: 2, most: 2 };
  const another = () => producer.submit(randomUUID(), key, request);
  assert.deepEqual(await another(), full);
  await startRecord(producer.redis, first, 'first run');
  await requeueRecord(producer.redis, first, 'first run', 'given back');
  await startRecord(producer.redis, first, 'second run');
  assert.deepEqual(await another(), full);
  await completeRecord(producer.redis, first, result, lifetimes, 'second run');
  assert.deepEqual(await another(), { accepted: true });
  assert.deepEqual(await another(), full);
  await failRecord(producer.redis, second, 'NaN', lifetimes);
  assert.deepEqual(await another(), { accepted: true });
});

test('credits are added to limited keys only', async () => {
  const key = await owner({ credits: 0 });
  assert.equal(await addCredits(producer.redis, key, 2.5), 2.5);
  assert.equal(await addCredits(producer.redis, key, -3), -0.5);
  assert.equal(await addCredits(producer.redis, await owner({}), 2), undefined);
  assert.equal(await addCredits(producer.redis, 'nobody', 2), undefined);
});

test('a revoked key stays revoked when one of its requests fails', async () => {
  const key = await owner({ credits: 5 });
  const id = await accepted(key, 2);
  assert.equal(await revokeApiKey(producer.redis, key), true);
  await failRecord(producer.redis, id, 'NaN', lifetimes);
  assert.equal(await producer.redis.exists(`{sdxl}:api-key:${key}`), 0);
});
