import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { after, test } from 'node:test';
import { request } from '../../contract/testing/requests.ts';
import { boundToParent } from '../../process/bound-process.ts';
import { openProducer } from '../producer.ts';
import { connect, failFastOptions } from '../redis/connection.ts';
import type { Lifetimes } from '../redis/names.ts';
import { log, output } from '../testing/outputs.ts';
import { allRoutes, openTestQueue } from '../testing/queue.ts';

/** What is left when processes die: each death here is a SIGKILL. */

const brief: Lifetimes = { retentionSeconds: 60, deadlineSeconds: 1 };
const locks = { lockDurationMs: 400, stalledIntervalMs: 200 };

const queue = await openTestQueue(['--appendfsync', 'always']);
const { producer } = queue;
after(() => queue.close());

const submit = async (by = producer): Promise<string> => {
  const id = randomUUID();
  await by.submit(id, 'owner', request);
  return id;
};

/** A worker process that takes a job and never finishes it. */
function startStuckWorker(): ChildProcess {
  const options = JSON.stringify({ redisUrl: queue.redis.url, routes: allRoutes, ...locks });
  const script = `
    import { consume } from ${JSON.stringify(new URL('./consumer.ts', import.meta.url).href)};
    const log = { info() {}, warn() {}, error() {} };
    await consume({ ...${options}, log, generate: () => { process.stdout.write('taken'); return new Promise(() => {}); } });`;
  return spawn(...boundToParent('KILL', process.execPath, ['--input-type=module', '--eval', script]), {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
}

async function killOnceBusy(worker: ChildProcess): Promise<void> {
  await once(worker.stdout!, 'data');
  worker.kill('SIGKILL');
  await once(worker, 'exit');
}

test('a job of a killed worker is finished by another', async () => {
  const id = await submit();
  await killOnceBusy(startStuckWorker());
  assert.equal((await producer.read(id))?.status, 'PROCESSING');
  const rescuer = await queue.work(async ({ seed }) => output(seed), locks);
  const record = await producer.waitFor(id, 15_000);
  assert.deepEqual([record?.status, record?.attempts], ['COMPLETED', 2]);
  await rescuer.close();
});

test('a job that loses two workers to what was not its doing is finished by the third', async () => {
  const id = await submit();
  await killOnceBusy(startStuckWorker());
  await killOnceBusy(startStuckWorker());
  const rescuer = await queue.work(async ({ seed }) => output(seed), locks);
  const record = await producer.waitFor(id, 15_000);
  assert.deepEqual([record?.status, record?.attempts], ['COMPLETED', 3]);
  await rescuer.close();
});

test('a job that kills more workers than it may lose is FAILED, and the others are done', async () => {
  const poison = await submit();
  await killOnceBusy(startStuckWorker());
  await killOnceBusy(startStuckWorker());
  const healthy = await queue.work(async ({ seed }) => output(seed), { ...locks, mostLosses: 1 });
  const others = await Promise.all([submit(), submit()]);
  const record = await producer.waitFor(poison, 15_000);
  assert.equal(record?.status, 'FAILED');
  assert.equal(record.error, 'The worker stopped repeatedly while it worked on this request');
  for (const id of others) assert.equal((await producer.waitFor(id, 15_000))?.status, 'COMPLETED');
  await healthy.close();
});

test('a killed Redis forgets nothing it has acknowledged, and everybody goes on by themselves', async () => {
  const ids = await Promise.all(Array.from({ length: 20 }, () => submit()));
  await queue.redis.stop();
  await assert.rejects(producer.read(ids[0]!));
  await queue.redis.start();
  const consumer = await queue.work(async ({ seed }) => output(seed), locks);
  while (producer.redis.status !== 'ready') await new Promise((resolve) => setTimeout(resolve, 20));
  const records = await Promise.all(ids.map((id) => producer.waitFor(id, 20_000)));
  assert.deepEqual(new Set(records.map((record) => record?.status)), new Set(['COMPLETED']));
  await consumer.close();
});

test('a request that no worker takes is FAILED at its deadline and then kept for its hour', async () => {
  const hasty = await openProducer({ redisUrl: queue.redis.url, log, lifetimes: brief });
  const id = await submit(hasty);
  const record = await hasty.waitFor(id, 10_000);
  assert.equal(record?.status, 'FAILED');
  assert.equal(record.error, 'The request was not finished within its deadline');
  const ttl = await hasty.redis.ttl(`{sdxl}:request:${id}`);
  assert.ok(ttl > 50 && ttl <= 60, String(ttl));
  assert.equal(await hasty.countWaiting(), 0);
  await hasty.close();
});

test('a request that no worker takes is FAILED after its deadline although nobody asks for it', async () => {
  const watching = await openProducer({
    redisUrl: queue.redis.url,
    log,
    lifetimes: brief,
    sweepIntervalMs: 20,
  });
  const id = await submit(watching);
  assert.equal(await watching.redis.ttl(`{sdxl}:request:${id}`), -1);
  while ((await watching.redis.hget(`{sdxl}:request:${id}`, 'error')) === null)
    await new Promise((resolve) => setTimeout(resolve, 10));
  assert.ok((await watching.redis.ttl(`{sdxl}:request:${id}`)) > 0);
  assert.equal(await watching.redis.zscore('{sdxl}:deadlines', id), null);
  await watching.close();
});

test('a job still running at its deadline is aborted and FAILED', async () => {
  const hasty = await openProducer({ redisUrl: queue.redis.url, log, lifetimes: brief });
  const consumer = await queue.work(
    (_, { signal }) =>
      new Promise((_resolve, reject) => {
        signal.addEventListener('abort', () => reject(new Error(String(signal.reason))));
      }),
    { lifetimes: brief },
  );
  const record = await hasty.waitFor(await submit(hasty), 10_000);
  assert.equal(record?.status, 'FAILED');
  assert.equal(record.error, 'The request was not finished within its deadline');
  await consumer.close();
  await hasty.close();
});

test('a Redis that may evict is refused', async () => {
  const admin = await connect(queue.redis.url, failFastOptions(), assert.ifError);
  await admin.config('SET', 'maxmemory-policy', 'allkeys-lru');
  await assert.rejects(
    openProducer({ redisUrl: queue.redis.url, log }),
    /maxmemory-policy "allkeys-lru".*noeviction/,
  );
  await admin.config('SET', 'maxmemory-policy', 'noeviction');
  admin.disconnect();
});

test('a Redis that is not there is named without its password', async () => {
  await assert.rejects(
    openProducer({ redisUrl: 'redis://user:secret@127.0.0.1:1', log, connectTimeoutMs: 200 }),
    (error: Error) => /redis:\/\/127\.0\.0\.1:1/.test(error.message) && !error.message.includes('secret'),
  );
});
