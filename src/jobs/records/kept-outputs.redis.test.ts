import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import type { RequestRecord } from '../../contract/request-record.ts';
import { type MemoryStore, memoryStore } from '../../results/testing/memory-store.ts';
import { after, before } from '../../testing/hooks.ts';
import type { Generate } from '../generate.ts';
import { openProducer, type Producer } from '../producer.ts';
import { keyOf } from '../redis/names.ts';
import { log, output } from '../testing/outputs.ts';
import { openTestQueue, type TestQueue } from '../testing/queue.ts';
import { readOutput } from './stored-pictures.ts';
import { sweepForgotten, sweepKept } from './sweep-kept.ts';

let queue: TestQueue;
/** Of a gateway whose RESULTS is the store. */
let gateway: Producer;
let store: MemoryStore;
const lifetimes = { retentionSeconds: 2, deadlineSeconds: 30 };
before(async () => {
  queue = await openTestQueue();
  store = memoryStore();
  gateway = await openProducer({ redisUrl: queue.redis.url, log, lifetimes, results: store });
});
after(async () => {
  await gateway.close();
  await queue.close();
});

const twoPictures: Generate = async () => output(1, 2);

/** The record of a request once a worker that keeps pictures in the store has ended it. */
async function made(
  generate: Generate = twoPictures,
  options: Parameters<TestQueue['work']>[1] = {},
): Promise<RequestRecord> {
  const worker = await queue.work(generate, { results: store, lifetimes, ...options });
  const record = await queue.producer.waitFor(await queue.submit(), 10_000);
  await worker.close();
  return record!;
}
const pathsOf = (record: RequestRecord) => record.result!.images.map(({ path }) => path);

test('pictures are kept in the store and not in Redis, read by their path, and deleted when they expire', async () => {
  const record = await made();
  assert.equal(record.status, 'COMPLETED', record.error);
  const [first, second] = pathsOf(record);
  assert.equal(String(store.kept.get(first!)), 'picture 1');
  assert.equal(await gateway.redis.get(keyOf.output(second!)), 'kept in memory');
  assert.equal(String((await gateway.readOutput(second!))!.bytes), 'picture 2');
  assert.match((await gateway.linkToOutput(first!))!, /^https:\/\/store\.example\/.*\?for=[12]$/);
  assert.equal(await sweepKept(gateway.redis, store), 0, 'nothing is due');

  while ((await gateway.redis.exists(keyOf.output(first!))) === 1) await setTimeout(20);
  assert.equal(await gateway.readOutput(first!), undefined, 'expired, although the store still has it');
  assert.equal(await gateway.linkToOutput(first!), undefined);
  await sweepKept(gateway.redis, store);
  assert.deepEqual([...store.kept], []);
  assert.equal(await gateway.redis.zcard(keyOf.kept), 0);
});

test('a path that nobody was told is not looked for in the store', async () => {
  const path = `0f8fad5b-d9cb-469f-a165-70867728950e/${'a'.repeat(32)}-0.jpg`;
  store.kept.set(path, Buffer.from('planted'));
  assert.equal(await gateway.readOutput(path), undefined);
  for (const wrong of ['../../etc/passwd', `${path}/..`, path.toUpperCase()])
    assert.equal(await gateway.readOutput(wrong), undefined);
  store.kept.clear();
});

test('a store that fails is asked again, and the request is completed when it has everything', async () => {
  store.failures = 2;
  const record = await made();
  assert.deepEqual([record.status, record.attempts], ['COMPLETED', 1]);
  assert.equal(store.kept.size, 2);
});

test('a store that goes on failing fails the request with that reason, once, and it is told apart', async () => {
  store.failures = Number.POSITIVE_INFINITY;
  const reasons: string[] = [];
  const observer = {
    ...{ started: () => undefined, completed: () => assert.fail('nothing was stored') },
    failed: (_: unknown, reason: string) => void reasons.push(reason),
    ...{ waitsAgain: () => undefined, stalled: () => undefined },
  };
  const record = await made(twoPictures, { resultsPatienceMs: 300, observer });
  store.failures = 0;
  assert.deepEqual([record.status, record.error], ['FAILED', 'The pictures could not be stored']);
  assert.deepEqual([record.attempts, reasons], [1, ['not stored']]);
});

test('a worker told to end while the store fails gives its job back at once', async () => {
  store.failures = Number.POSITIVE_INFINITY;
  const worker = await queue.work(twoPictures, { results: store, lifetimes });
  const id = await queue.submit();
  while ((await queue.producer.read(id))?.status !== 'PROCESSING') await setTimeout(5);
  await setTimeout(100);
  const begun = performance.now();
  await worker.close();
  assert.ok(performance.now() - begun < 2000);
  const waiting = await queue.producer.read(id);
  assert.deepEqual([waiting?.status, waiting?.attempts], ['QUEUED', 0]);
  store.failures = 0;
  await queue.producer.cancel(id);
});

test('pictures of a request that was cancelled meanwhile are deleted', async () => {
  store.kept.clear();
  const generate: Generate = async (_, { id }) => {
    await queue.producer.cancel(id);
    return output(1);
  };
  const record = await made(generate);
  assert.equal(record.error, 'The request was cancelled');
  const entered = await gateway.redis.zrange(keyOf.kept, '0', '-1');
  // A cancel is heard before or after the picture was put.
  for (const path of entered) await gateway.redis.zadd(keyOf.kept, 0, path);
  await sweepKept(gateway.redis, store);
  assert.deepEqual([...store.kept], []);
});

test('where Redis or the sweep has lost a picture before its request ends, it is stored again', async () => {
  store.kept.clear();
  const paths: string[] = [];
  const losing: MemoryStore = {
    ...store,
    put: async (path, bytes, contentType) => {
      await store.put(path, bytes, contentType);
      paths.push(path);
      if (paths.length > 1) return;
      await gateway.redis.zadd(keyOf.kept, 0, path);
      await sweepKept(gateway.redis, store);
    },
  };
  const record = await made(async () => output(5), { results: losing });
  assert.equal(record.status, 'COMPLETED');
  assert.deepEqual(paths, [pathsOf(record)[0], pathsOf(record)[0]]);
  assert.equal(String((await gateway.readOutput(paths[0]!))!.bytes), 'picture 5');
});

test('a process whose RESULTS is another says so instead of handing out what it does not have', async () => {
  const [path] = pathsOf(await made());
  await assert.rejects(readOutput(gateway.redis, path!), {
    message: 'a picture is kept in memory, but RESULTS of this process is redis',
  });
  await assert.rejects(readOutput(gateway.redis, path!, memoryStore('s3://other')), /is s3:\/\/other$/);
  assert.equal(await gateway.linkToOutput(path!.replace(/\.\w+$/, '.gif')), undefined);
});

test('what Redis knows nothing of is deleted once it is old, and nothing else', async () => {
  store.kept.clear();
  const known = pathsOf(await made());
  store.kept.set('lost/picture-0.jpg', Buffer.from('lost'));
  assert.equal(await sweepForgotten(gateway.redis, store), 0, 'it is young');
  assert.equal(await sweepForgotten(gateway.redis, store, 5), 1);
  assert.deepEqual([...store.kept.keys()], known);
});

test('a gateway deletes what has expired by itself', { timeout: 20_000 }, async () => {
  const own = await openProducer({
    ...{ redisUrl: queue.redis.url, log, lifetimes, results: store },
    sweepIntervalMs: 20,
  });
  await made();
  while (store.kept.size > 0) await setTimeout(20);
  await own.close();
});
