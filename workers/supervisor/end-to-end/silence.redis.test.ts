import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { readConfig } from '../../../src/config/config.ts';
import { liveWorkers } from '../../../src/jobs/queue/heartbeat.ts';
import { after, before } from '../../../src/testing/hooks.ts';
import { bounded, fakeEdit, fakeRequest, gone, openTestQueue, type TestQueue } from '../../testing/queue.ts';
import { readHealth } from '../health/health-file.ts';
import { type RunningWorker, runWorker } from '../run-worker.ts';

/** An engine that hangs, whatever it does at that moment, is ended and replaced. */

process.env.FAKE_MODELS = 'sdxl-base alpha stuck';
const healthFile = path.join(os.tmpdir(), `silent-engine-${process.pid}`);
const told: string[] = [];
let queue: TestQueue;
let worker: RunningWorker;

before(async () => {
  queue = await openTestQueue();
  worker = await runWorker({
    config: readConfig({
      ENGINE_SILENCE_MIN_SECONDS: '1',
      ENGINE_SILENCE_MAX_SECONDS: '3',
      RESIDENT_MODELS: '1',
      HEALTH_FILE: healthFile,
    }),
    redisUrl: queue.redis.url,
    engineFile: path.join(import.meta.dirname, '../../testing/engine.ts'),
    log: {
      info: () => undefined,
      warn: () => undefined,
      error: (fields, message) => told.push(`${message} ${JSON.stringify(fields)}`),
    },
    lockDurationMs: 1000,
    stalledIntervalMs: 500,
    restartDelayMs: 100,
    onHopeless: (error) => assert.fail(error),
  });
  const record = await queue.end(await queue.submit(fakeRequest('teaches the limits')));
  assert.equal(record.status, 'COMPLETED', record.error);
});
after(async () => {
  await worker.close();
  await queue.close();
});

/** Resolves once the worker has said everywhere that it is not ready. */
async function notReady(): Promise<void> {
  for (;;) {
    const isSeen = (await liveWorkers(queue.producer.redis)).length > 0;
    if (!isSeen && !readHealth(healthFile, 'ready').ok) return;
    await setTimeout(5);
  }
}

/** A worker that has replaced its engine is ready again and makes pictures. */
async function worksAgain(pid: number): Promise<void> {
  await gone(pid);
  const record = await queue.end(await queue.submit(fakeRequest('after')));
  assert.equal(record.status, 'COMPLETED', record.error);
  assert.notEqual(worker.enginePid(), pid);
  assert.equal((await liveWorkers(queue.producer.redis)).length, 1);
  assert.ok(readHealth(healthFile, 'ready').ok);
}

for (const [what, word] of [
  ['stands still in native code', 'hangAt'],
  ['computes for ever without a step', 'loopAt'],
  ['waits for what never comes', 'waitAt'],
] as const)
  test(
    `an engine that ${what} is ended, its worker is not ready meanwhile, and the job fails with that reason`,
    bounded,
    async () => {
      const pid = worker.enginePid();
      told.length = 0;
      const id = await queue.submit(fakeRequest(`${word}=3`));
      await notReady();
      const record = await queue.end(id);
      assert.equal(record.status, 'FAILED');
      assert.equal(record.attempts, 2);
      assert.match(
        record.error!,
        /^The engine ended \(killed after [1-3] s without a sign of life\) while it worked on this request$/,
      );
      assert.match(told[0]!, /^engine gives no sign of life: killed {"enginePid":\d+,"seconds":[1-3]}$/);
      await worksAgain(pid);
    },
  );

test('a job whose engine is stopped in mid-step completes on the next engine', bounded, async () => {
  const request = fakeRequest('stopped stepMs=40');
  const undisturbed = await queue.picture(await queue.end(await queue.submit(request)));
  const pid = worker.enginePid();
  const id = await queue.submit(request);
  await queue.stepsReported(id, 3);
  process.kill(pid, 'SIGSTOP');
  await notReady();
  const record = await queue.end(id);
  assert.deepEqual([record.status, record.attempts], ['COMPLETED', 2]);
  assert.equal(await queue.picture(record), undisturbed);
  await worksAgain(pid);
});

test('an engine that is stopped while it has nothing to do is replaced', bounded, async () => {
  const pid = worker.enginePid();
  process.kill(pid, 'SIGSTOP');
  await notReady();
  await worksAgain(pid);
});

test(
  'an engine that is stopped while it loads is replaced, and the job is tried again',
  bounded,
  async () => {
    process.env.FAKE_LOAD_MS = '1000';
    const before = worker.enginePid();
    const id = await queue.submit(fakeEdit('alpha', 'a', 3));
    await gone(before);
    const engine = (): number | undefined =>
      readFileSync(`/proc/self/task/${process.pid}/children`, 'utf8').split(' ').map(Number).find(isEngine);
    let loading = engine();
    for (; loading === undefined; loading = engine()) await setTimeout(5);
    process.kill(loading, 'SIGSTOP');
    const record = await queue.end(id);
    process.env.FAKE_LOAD_MS = '0';
    assert.deepEqual([record.status, record.error], ['COMPLETED', undefined]);
    assert.equal(record.attempts, 2);
    await gone(loading);
  },
);

test('a checkpoint whose loading hangs fails its job, and the worker goes on', bounded, async () => {
  const record = await queue.end(await queue.submit(fakeEdit('stuck', 'a', 3)));
  assert.equal(record.error, 'The checkpoint stuck could not be loaded on this worker');
  assert.equal((await queue.end(await queue.submit(fakeEdit('alpha', 'a', 3)))).status, 'COMPLETED');
});

test('a step as long as its device has shown itself to need is no silence', bounded, async () => {
  for (const stepMs of [200, 1500]) {
    const record = await queue.end(await queue.submit(fakeRequest(`stepMs=${stepMs}`, 2)));
    assert.deepEqual([record.error, record.attempts], [undefined, 1]);
  }
});

function isEngine(pid: number): boolean {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('testing/engine.ts');
  } catch {
    return false;
  }
}
