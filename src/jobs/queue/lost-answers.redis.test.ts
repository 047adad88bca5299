import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, test } from 'node:test';
import { request } from '../../contract/testing/requests.ts';
import { cancelledFailure } from '../job-error.ts';
import { createApiKey, ensureFirstKey, findApiKey, revokeApiKey } from '../keys/api-keys.ts';
import { addCredits, readBalance } from '../keys/credits.ts';
import { countInMinute } from '../keys/rate-limit.ts';
import { createSignInToken, redeemSignInToken } from '../keys/sign-in-tokens.ts';
import { openProducer } from '../producer.ts';
import { readOutput } from '../records/stored-pictures.ts';
import { log, output } from '../testing/outputs.ts';
import { lifetimes, openTestQueue } from '../testing/queue.ts';
import { startRedisProxy } from '../testing/redis-proxy.ts';

/** Each time a command runs in Redis, its answer is lost with the connection, and it is sent again. */

/** Behind the proxy; the producer of `queue` sees what is true. */
const queue = await openTestQueue();
const proxy = await startRedisProxy(queue.redis.url);
const producer = await openProducer({ redisUrl: proxy.url, log, lifetimes });
after(async () => {
  await producer.close();
  await proxy.close();
  await queue.close();
});

const limited = async (): Promise<string> =>
  (await createApiKey(queue.producer.redis, 'test', { credits: 10 })).apiKey.id;
const spentOf = async (owner: string): Promise<number> =>
  (await readBalance(queue.producer.redis, owner)).used;
const jobsOf = (id: string): Promise<string[]> => queue.producer.redis.keys(`{sdxl}:generations-*:${id}`);
const lost = (...words: string[]) => proxy.loseAnswer((text) => words.every((word) => text.includes(word)));
const behindProxy = () => ({ redisUrl: proxy.url });

for (const [what, words] of [
  ['the record', ['a panda']],
  ['the job', ['generate']],
  ['the place of the job', ['prioritized', '{sdxl}:request']],
] as const)
  test(`a submit that hears nothing of ${what} is charged once and runs once`, async (t) => {
    const [id, owner] = [randomUUID(), await limited()];
    const heard = lost(id, ...words);
    const idempotency = { key: id, fingerprint: 'f' };
    assert.deepEqual(await producer.submit(id, owner, request, 2, { idempotency }), { accepted: true });
    await heard;
    assert.equal(await spentOf(owner), 2);
    let runs = 0;
    const consumer = await queue.work(async ({ seed }) => {
      runs += 1;
      return output(seed);
    });
    t.after(() => consumer.close());
    const record = await queue.producer.waitFor(id, 10_000);
    assert.deepEqual([record?.status, record?.attempts, runs], ['COMPLETED', 1, 1]);
    assert.equal(await spentOf(owner), 2);
  });

test('a cancel that hears nothing refunds once and still stops the worker', async (t) => {
  const [id, owner] = [randomUUID(), await limited()];
  await producer.submit(id, owner, request, 2);
  const begun = Promise.withResolvers<void>();
  const stopped = Promise.withResolvers<unknown>();
  const consumer = await queue.work(async (_, { signal }) => {
    begun.resolve();
    await new Promise((resolve) => signal.addEventListener('abort', resolve));
    stopped.resolve(signal.reason);
    throw new Error('aborted');
  });
  t.after(() => consumer.close());
  await begun.promise;
  const heard = lost(id, cancelledFailure);
  const record = await producer.cancel(id);
  await heard;
  assert.deepEqual([record?.status, record?.error], ['FAILED', cancelledFailure]);
  assert.equal(await stopped.promise, 'cancel');
  assert.equal(await spentOf(owner), 0);
});

for (const [what, words] of [
  ['of its take', [':active', ':limiter']],
  ['of the start', [':active', '{sdxl}:never-there']],
  ['of the pictures', ['{sdxl}:output']],
  ['of the end', ['"images"']],
  ['of the job going away', [':completed']],
] as const)
  test(`a worker that hears nothing ${what} finishes the request and the next one`, async (t) => {
    const ids = [await queue.submit({ seed: 1 }), await queue.submit({ seed: 2 })];
    const heard = lost(...words);
    const from = performance.now();
    const consumer = await queue.work(async ({ seed }) => output(seed), behindProxy());
    t.after(() => consumer.close());
    for (const id of ids) {
      const record = await queue.producer.waitFor(id, 15_000);
      assert.deepEqual([record?.status, record?.attempts], ['COMPLETED', 1]);
      for (const { path } of record!.result!.images)
        assert.ok(await readOutput(queue.producer.redis, path), `${path} is there`);
    }
    await heard;
    assert.ok(performance.now() - from < 8000, 'nothing waited for a lock to end');
    while ((await Promise.all(ids.map(jobsOf))).flat().length > 0)
      await new Promise((resolve) => setTimeout(resolve, 20));
  });

test('a worker that shuts down and hears nothing gives its request back once', async () => {
  const id = await queue.submit();
  const begun = Promise.withResolvers<void>();
  const consumer = await queue.work(() => {
    begun.resolve();
    return new Promise(() => undefined);
  }, behindProxy());
  await begun.promise;
  const heard = lost(id, 'given back');
  await Promise.all([consumer.close(), heard]);
  const record = await queue.producer.read(id);
  assert.deepEqual([record?.status, record?.attempts], ['QUEUED', 0]);
  await queue.producer.cancel(id);
  assert.deepEqual(await jobsOf(id), []);
});

test('credits are added, keys made and revoked, and times counted once', async () => {
  const { redis } = producer;
  const owner = await limited();
  const once = async <T>(words: string[], change: () => Promise<T>): Promise<T> => {
    const heard = lost(...words);
    const result = await change();
    await heard;
    return result;
  };
  assert.equal(await once(['credit-change'], () => addCredits(redis, owner, 5)), 15);
  assert.equal((await readBalance(redis, owner)).remaining, 15);
  const { key, apiKey } = await once(['digest'], () => createApiKey(redis, 'new', { credits: 3 }));
  assert.deepEqual(await findApiKey(redis, key), apiKey);
  assert.equal(await once(['revocation'], () => revokeApiKey(redis, apiKey.id)), true);
  assert.equal(await revokeApiKey(redis, apiKey.id), false);
  assert.equal((await once(['counted'], () => countInMinute(redis, owner, 10))).count, 1);
  const token = await createSignInToken(redis, key, 60);
  assert.equal(await once(['redeemed'], () => redeemSignInToken(redis, token)), key);
  assert.equal(await redeemSignInToken(redis, token), undefined);
  await redis.flushall();
  const first = await once(['digest'], () => ensureFirstKey(redis));
  assert.equal((await findApiKey(redis, first!))?.name, 'first');
  assert.equal(await ensureFirstKey(redis), undefined);
});
