import assert from 'node:assert/strict';
import path from 'node:path';
import { afterEach, test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { readConfig } from '../../../src/config/config.ts';
import { liveWorkers } from '../../../src/jobs/queue/heartbeat.ts';
import { orderWorkers } from '../../../src/jobs/queue/worker-control.ts';
import { after, before } from '../../../src/testing/hooks.ts';
import {
  bounded,
  fakeEdit,
  openTestQueue,
  silentLog,
  startFakeWorker,
  type TestQueue,
} from '../../testing/queue.ts';
import { type RunningWorker, runWorker } from '../run-worker.ts';

/** What an administrator asks of a worker. */

let queue: TestQueue;
let worker: RunningWorker | undefined;
let rescans = 0;
before(async () => {
  process.env.FAKE_MODELS = 'alpha beta gamma';
  queue = await openTestQueue();
});
afterEach(async () => {
  await worker?.close();
  worker = undefined;
});
after(() => queue.close());

async function start(residentModels: string): Promise<void> {
  worker = await runWorker({
    config: readConfig({ RESIDENT_MODELS: residentModels }),
    redisUrl: queue.redis.url,
    engineFile: path.join(import.meta.dirname, '../../testing/engine.ts'),
    log: silentLog,
    onRescan: () => {
      rescans++;
    },
    onHopeless: (error) => assert.fail(error),
  });
}

/** Resolves once the worker says that these checkpoints, and no others, are loaded. */
async function loaded(...names: string[]): Promise<void> {
  for (;;) {
    const [info] = await liveWorkers(queue.producer.redis);
    const now = info?.models?.filter((model) => model.loaded).map(({ name }) => name);
    if (JSON.stringify(now) === JSON.stringify(names)) return;
    await setTimeout(5);
  }
}
const order = (act: 'load' | 'unload', model: string) => orderWorkers(queue.producer.redis, { act, model });

test('a checkpoint is loaded beside the others and taken off again, and jobs go on', bounded, async () => {
  await start('2');
  await loaded('alpha', 'beta');
  await order('unload', 'alpha');
  await loaded('beta');
  await order('load', 'gamma');
  await loaded('beta', 'gamma');
  const id = await queue.submit(fakeEdit('beta', 'a', 3));
  assert.equal((await queue.end(id)).status, 'COMPLETED');
});

test('where there is no room a loaded checkpoint takes the place of another', bounded, async () => {
  await start('1');
  await loaded('alpha');
  await order('load', 'gamma');
  await loaded('gamma');
});

test(
  'the job in hand ends before its checkpoint leaves, and the last checkpoint stays',
  bounded,
  async () => {
    await start('1');
    await loaded('alpha');
    const id = await queue.submit(fakeEdit('alpha', 'stepMs=30', 10));
    await queue.stepsReported(id, 1);
    await order('load', 'beta');
    const { status, attempts } = await queue.end(id);
    assert.deepEqual([status, attempts], ['COMPLETED', 1]);
    await loaded('beta');
    await order('unload', 'beta');
    await order('unload', 'unknown');
    await setTimeout(200);
    await loaded('beta');
  },
);

test('a worker that is asked to look at its folder anew says so to whoever runs it', bounded, async () => {
  await start('1');
  await orderWorkers(queue.producer.redis, { act: 'rescan' });
  while (rescans === 0) await setTimeout(5);
});

test('a worker process that looks anew gives its job back and goes on', bounded, async () => {
  const { redis } = queue.producer;
  await using worker = await startFakeWorker(queue.redis.url, 15_000, 5000);
  const [before] = await liveWorkers(redis);
  const id = await queue.submit(fakeEdit('alpha', 'stepMs=50', 20));
  await queue.stepsReported(id, 2);
  await orderWorkers(redis, { act: 'rescan' });
  const { status, attempts } = await queue.end(id);
  assert.deepEqual([status, attempts], ['COMPLETED', 1]);
  const live = await liveWorkers(redis);
  assert.deepEqual([live.length, live[0]?.id === before?.id], [1, false]);
  worker.process.kill('SIGTERM');
  assert.equal(await worker.ended, 0);
});
