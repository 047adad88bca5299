import assert from 'node:assert/strict';
import { test } from 'node:test';
import { liveWorkers } from '../../../src/jobs/queue/heartbeat.ts';
import { after, before } from '../../../src/testing/hooks.ts';
import {
  bounded,
  type FakeWorker,
  fakeRequest,
  gone,
  openTestQueue,
  startFakeWorker,
  type TestQueue,
} from '../../testing/queue.ts';

const lockMs = 1000;
const stalledMs = 500;
let queue: TestQueue;
const workers: FakeWorker[] = [];
const start = async (environment?: NodeJS.ProcessEnv): Promise<FakeWorker> => {
  const worker = await startFakeWorker(queue.redis.url, lockMs, stalledMs, environment);
  workers.push(worker);
  return worker;
};

before(async () => {
  queue = await openTestQueue();
});
after(async () => {
  await Promise.all(workers.map((worker) => worker[Symbol.asyncDispose]()));
  await queue.close();
});

test(
  'a job whose worker is killed in mid-step finishes on another worker with the same picture',
  bounded,
  async () => {
    const request = fakeRequest('killed stepMs=100');
    const first = await start();
    const undisturbed = await queue.picture(await queue.end(await queue.submit(request)));

    const id = await queue.submit(request);
    await queue.stepsReported(id, 5);
    first.process.kill('SIGKILL');
    await first.ended;
    // Its engine does not outlive it, even from within a step.
    await gone(first.enginePid);

    const second = await start();
    const record = await queue.end(id);
    assert.equal(record.status, 'COMPLETED', record.error);
    assert.equal(record.attempts, 2);
    assert.equal(await queue.picture(record), undisturbed);
    second.process.kill('SIGTERM');
    assert.equal(await second.ended, 0);
  },
);

test('a job that five workers in a row die of fails with its reason', bounded, async () => {
  const id = await queue.submit(fakeRequest('stepMs=100', 1000));
  for (let death = 1; death <= 5; death++) {
    const worker = await start();
    await queue.stepsReported(id, 2);
    worker.process.kill('SIGKILL');
    await worker.ended;
  }
  const last = await start();
  const record = await queue.end(id);
  assert.equal(record.status, 'FAILED');
  assert.equal(record.error, 'The worker stopped repeatedly while it worked on this request');
  last.process.kill('SIGTERM');
  assert.equal(await last.ended, 0);
});

test(
  'SIGTERM gives the job in hand back without costing it an attempt, and withdraws the worker',
  bounded,
  async () => {
    const first = await start();
    const id = await queue.submit(fakeRequest('drained stepMs=50'));
    await queue.stepsReported(id, 3);
    first.process.kill('SIGTERM');
    assert.equal(await first.ended, 0);
    await gone(first.enginePid);
    const live = await liveWorkers(queue.producer.redis);
    assert.ok(!live.some(({ id }) => id.includes(`-${first.process.pid}-`)));
    const waiting = await queue.producer.read(id);
    assert.equal(waiting?.status, 'QUEUED');
    assert.equal(waiting?.attempts, 0);

    const second = await start();
    const record = await queue.end(id);
    assert.equal(record.status, 'COMPLETED');
    assert.equal(record.attempts, 1);
    second.process.kill('SIGTERM');
    assert.equal(await second.ended, 0);
  },
);

test(
  'without setpriv on the PATH an engine ends after the step in which its worker was killed',
  bounded,
  async () => {
    const worker = await start({ PATH: '' });
    const id = await queue.submit(fakeRequest('unbound stepMs=100', 30));
    await queue.stepsReported(id, 2);
    worker.process.kill('SIGKILL');
    await worker.ended;
    await gone(worker.enginePid);
  },
);

test('SIGTERM while the engine is in a long step ends worker and engine all the same', bounded, async () => {
  const worker = await start();
  const id = await queue.submit(fakeRequest('stepMs=600000'));
  while ((await queue.producer.read(id))?.status !== 'PROCESSING');
  worker.process.kill('SIGTERM');
  assert.equal(await worker.ended, 0);
  await gone(worker.enginePid);
  assert.equal((await queue.producer.read(id))?.status, 'QUEUED');
});
