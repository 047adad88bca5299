import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, test } from 'node:test';
import type { ImageToImageRequest } from '../../contract/generation.ts';
import { request } from '../../contract/testing/requests.ts';
import { createApiKey } from '../keys/api-keys.ts';
import { readBalance } from '../keys/credits.ts';
import { openProducer } from '../producer.ts';
import { createRecord, findEarlier } from '../records/admit.ts';
import { withdraw } from '../records/withdraw.ts';
import { keyOf } from '../redis/names.ts';
import { isUnavailable } from '../redis/unavailable.ts';
import { log, output } from '../testing/outputs.ts';
import { lifetimes, openTestQueue } from '../testing/queue.ts';
import { startRedisProxy } from '../testing/redis-proxy.ts';

/** Redis pauses, connections die without a sign, and records are left without their jobs. */

const queue = await openTestQueue();
const proxy = await startRedisProxy(queue.redis.url);
/** Behind the proxy. */
const producer = await openProducer({ redisUrl: proxy.url, log, lifetimes, sweepIntervalMs: 100 });
after(async () => {
  await producer.close();
  await proxy.close();
  await queue.close();
});

const pause = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));
const limited = async (): Promise<string> =>
  (await createApiKey(queue.producer.redis, 'test', { credits: 10 })).apiKey.id;
const spentOf = async (owner: string): Promise<number> =>
  (await readBalance(queue.producer.redis, owner)).used;
const jobsOf = (id: string): Promise<string[]> => queue.producer.redis.keys(`{sdxl}:generations-*:${id}`);
const { style: _, highNoiseFraction: __, refiner: ___, width: ____, height: _____, ...common } = request;
const edit = (baseModel: string): ImageToImageRequest => ({
  ...{ ...common, endpoint: 'sdxl-img2img', baseModel, imageKey: '' },
});

test('a submit that Redis hears too late is refused after a second, costs nothing and makes nothing', async () => {
  const [id, owner] = [randomUUID(), await limited()];
  proxy.freeze();
  const from = performance.now();
  await assert.rejects(producer.submit(id, owner, request, 2), isUnavailable);
  assert.ok(performance.now() - from < 2000, `after ${performance.now() - from} ms`);
  proxy.thaw();
  while ((await queue.producer.redis.exists(keyOf.withdrawn(id))) === 0) await pause(10);
  assert.equal(await queue.producer.read(id), undefined);
  assert.equal(await spentOf(owner), 0);
  assert.equal(await queue.producer.countWaiting(), 0);
  // What was sent again after all that comes to nothing either.
  await assert.rejects(createRecord(queue.producer.redis, id, owner, request, lifetimes, 2), /withdrawn/);
  assert.deepEqual(await producer.submit(randomUUID(), owner, request, 2), { accepted: true });
  assert.equal(await spentOf(owner), 2);
});

test('a repeat under an idempotency key during the pause pays once and makes one request', async () => {
  const [first, second, owner] = [randomUUID(), randomUUID(), await limited()];
  const idempotency = { key: 'order 1', fingerprint: 'f' };
  proxy.freeze();
  await assert.rejects(producer.submit(first, owner, request, 2, { idempotency }), isUnavailable);
  assert.deepEqual(await queue.producer.submit(second, owner, request, 2, { idempotency }), {
    accepted: true,
  });
  proxy.thaw();
  while ((await queue.producer.redis.exists(keyOf.withdrawn(first))) === 0) await pause(10);
  assert.equal(await queue.producer.read(first), undefined);
  assert.equal((await queue.producer.read(second))?.status, 'QUEUED');
  assert.equal(await spentOf(owner), 2);
  await queue.producer.cancel(second);
});

test('what was told to a repeat is no longer withdrawn', async () => {
  const [id, owner] = [randomUUID(), await limited()];
  const idempotency = { key: 'order 2', fingerprint: 'f' };
  const { redis } = queue.producer;
  await createRecord(redis, id, owner, request, lifetimes, 2, { idempotency });
  assert.equal((await findEarlier(redis, owner, idempotency))?.id, id);
  await withdraw(redis, id);
  assert.equal((await queue.producer.read(id))?.status, 'QUEUED');
  await queue.producer.cancel(id);
});

test('an accepted request whose gateway died before it had a job is done all the same', async (t) => {
  const id = randomUUID();
  await createRecord(queue.producer.redis, id, 'owner', request, lifetimes);
  await queue.producer.redis.zadd(keyOf.unqueued, 0, id);
  const consumer = await queue.work(async ({ seed }) => output(seed));
  t.after(() => consumer.close());
  assert.equal((await queue.producer.waitFor(id, 10_000))?.status, 'COMPLETED');
  assert.equal(await queue.producer.redis.zscore(keyOf.unqueued, id), null);
});

test('a poll that finds a request without its job gives it one', async (t) => {
  const id = await queue.submit();
  const { redis } = queue.producer;
  await redis.del(...(await jobsOf(id)));
  await redis.zrem('{sdxl}:generations-sdxl-base+sdxl-refiner:prioritized', id);
  await redis.hset(keyOf.request(id), 'submittedAt', Date.now() - 60_000);
  assert.equal((await queue.producer.read(id))?.status, 'QUEUED');
  assert.equal((await jobsOf(id)).length, 1);
  const consumer = await queue.work(async ({ seed }) => output(seed));
  t.after(() => consumer.close());
  assert.equal((await queue.producer.waitFor(id, 10_000))?.status, 'COMPLETED');
});

test('what no worker may see never gets a job, and costs nothing', async () => {
  const [id, owner] = [randomUUID(), await limited()];
  await producer.submit(id, owner, request, 2, { refusal: 'not here' });
  await queue.producer.redis.zadd(keyOf.unqueued, 0, id);
  while ((await queue.producer.redis.zscore(keyOf.unqueued, id)) !== null) await pause(20);
  assert.deepEqual(await jobsOf(id), []);
  assert.equal((await producer.read(id))?.error, 'not here');
  assert.equal(await spentOf(owner), 0);
});

test('a pause while a route is first used breaks nothing for later', async () => {
  const id = randomUUID();
  await queue.producer.submit(id, 'owner', edit('realvis'));
  proxy.freeze();
  await assert.rejects(producer.cancel(id), isUnavailable);
  await assert.rejects(producer.submit(randomUUID(), 'owner', edit('realvis')), isUnavailable);
  proxy.thaw();
  const other = randomUUID();
  assert.deepEqual(await producer.submit(other, 'owner', edit('realvis')), { accepted: true });
  for (const each of [id, other]) assert.equal((await producer.cancel(each))?.status, 'FAILED');
  assert.deepEqual(await jobsOf(other), []);
});

test('a sweep goes on past a record that it cannot read', async () => {
  const { redis } = queue.producer;
  const [broken, late] = [randomUUID(), await queue.submit()];
  await redis.hset(keyOf.request(broken), { owner: 'owner', request: '{', deadlineAt: 1 });
  await redis.zadd(keyOf.deadlines, 1, broken, 2, late);
  await redis.hset(keyOf.request(late), 'deadlineAt', 2);
  while ((await redis.hget(keyOf.request(late), 'error')) === null) await pause(20);
  await redis.del(keyOf.request(broken));
  await redis.zrem(keyOf.deadlines, broken);
});

test('of forty submits at once as many are taken as may wait', async () => {
  const waiting = await queue.producer.countWaiting();
  const mostWaiting = waiting + 5;
  const ids = Array.from({ length: 40 }, () => randomUUID());
  const admissions = await Promise.all(
    ids.map((id) => queue.producer.submit(id, 'owner', request, 0, { mostWaiting })),
  );
  assert.equal(admissions.filter(({ accepted }) => accepted).length, 5);
  assert.deepEqual(admissions.at(-1), { accepted: false, lacking: 'room', waiting: mostWaiting });
  await Promise.all(ids.map((id) => queue.producer.cancel(id)));
});

test('a key that was revoked meanwhile can submit nothing', async () => {
  const admission = await producer.submit(randomUUID(), 'gone', request, 0, { keyed: true });
  assert.deepEqual(admission, { accepted: false, lacking: 'key' });
});

test('connections that die without a sign are replaced within ten seconds', async (t) => {
  const consumer = await queue.work(async ({ seed }) => output(seed), { redisUrl: proxy.url });
  t.after(() => consumer.close());
  const ended = producer.waitFor(await queue.submit(), 20_000);
  assert.equal((await ended)?.status, 'COMPLETED');
  proxy.forsake();
  const from = performance.now();
  const id = await queue.submit();
  assert.equal((await queue.producer.waitFor(id, 20_000))?.status, 'COMPLETED');
  while ((await producer.read(id).catch(() => undefined)) === undefined) await pause(50);
  assert.ok(performance.now() - from < 10_000, `after ${performance.now() - from} ms`);
});
