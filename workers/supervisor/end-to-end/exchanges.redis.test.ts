import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { readConfig } from '../../../src/config/config.ts';
import { liveWorkers, type WorkerInfo } from '../../../src/jobs/queue/heartbeat.ts';
import { after, before } from '../../../src/testing/hooks.ts';
import { bounded, fakeEdit, openTestQueue, type TestQueue } from '../../testing/queue.ts';
import { readHealth } from '../health/health-file.ts';
import { type RunningWorker, runWorker } from '../run-worker.ts';

/** Exchanges of checkpoints that come to nothing, or that nobody wants any more. */

process.env.FAKE_MODELS = 'alpha beta broken';
const directory = mkdtempSync(path.join(os.tmpdir(), 'exchanges-'));
const healthFile = path.join(directory, 'worker');
let queue: TestQueue;
let worker: RunningWorker;
let told: string[] = [];

before(async () => {
  queue = await openTestQueue();
});
afterEach(async () => {
  await worker.close();
  process.env.FAKE_LOAD_MS = '0';
  told = [];
});
after(async () => {
  await queue.close();
  rmSync(directory, { recursive: true });
});

async function start(engine = 'engine.ts', withdrawMs = 2000): Promise<void> {
  const tell = (_: object, message: string) => void told.push(message);
  worker = await runWorker({
    config: readConfig({ RESIDENT_MODELS: '1', HEALTH_FILE: healthFile }),
    redisUrl: queue.redis.url,
    engineFile: path.join(import.meta.dirname, '../../testing', engine),
    log: { info: tell, warn: tell, error: tell },
    restartDelayMs: 20,
    maxRestarts: 50,
    withdrawMs,
    onHopeless: (error) => assert.fail(error),
  });
}

const heard = (message: string) => told.filter((line) => line === message).length;
const submit = (model: string) => queue.submit(fakeEdit(model, 'a', 3));
/** Resolves once the only worker says so. */
async function says(what: (info: WorkerInfo) => boolean): Promise<void> {
  for (;;) {
    const workers = await liveWorkers(queue.producer.redis);
    if (workers.length === 1 && what(workers[0]!)) return;
    await setTimeout(5);
  }
}

test(
  'an exchange waits for the pictures of the request before, which are being encoded',
  bounded,
  async () => {
    await start();
    const first = await queue.submit(fakeEdit('alpha', 'encodeMs=400', 3));
    const second = await submit('beta');
    for (const id of [first, second]) {
      const { status, attempts } = await queue.end(id);
      assert.deepEqual([status, attempts], ['COMPLETED', 1]);
    }
  },
);

test(
  'a model that cannot be loaded is tried twice, whoever asks for it, then offered again after a while',
  bounded,
  async () => {
    await start();
    await says(({ baseModels }) => baseModels.includes('broken'));
    const ids = await Promise.all(Array.from({ length: 5 }, () => submit('broken')));
    await says(({ baseModels }) => !baseModels.includes('broken'));
    for (const id of ids) {
      const { status, error } = await queue.end(id);
      assert.deepEqual(
        [status, error],
        ['FAILED', 'The checkpoint broken could not be loaded on this worker'],
      );
    }
    // Two engines that could not load it, and alpha's: at first, and after each.
    assert.deepEqual([heard('checkpoints could not be loaded'), heard('engine ready')], [2, 3]);
    assert.equal((await queue.end(await submit('alpha'))).status, 'COMPLETED');
    await says(({ baseModels }) => baseModels.includes('broken'));
  },
);

test(
  'an exchange whose request is cancelled is abandoned, and the models before come back',
  bounded,
  async () => {
    await start();
    process.env.FAKE_LOAD_MS = '3000';
    const id = await submit('beta');
    await says(({ resident }) => resident.includes('beta'));
    await queue.producer.cancel(id);
    await says(({ resident }) => resident.includes('alpha'));
    assert.equal((await queue.end(await submit('alpha'))).status, 'COMPLETED');
    assert.equal(heard('nobody wants the exchange any more'), 1);
    assert.equal(heard('engine exchanged for other checkpoints'), 1);
    assert.equal(heard('engine ready'), 2, 'beta was never loaded');
  },
);

test('an exchange that nobody wants any more is not waited for by the next request', bounded, async () => {
  await start();
  process.env.FAKE_LOAD_MS = '3000';
  const id = await submit('beta');
  await says(({ resident }) => resident.includes('beta'));
  await queue.producer.cancel(id);
  assert.equal((await queue.end(await submit('alpha'))).status, 'COMPLETED');
  assert.equal(heard('engine ready'), 2, 'beta was never loaded');
});

test('a worker is not ready while the engine before cannot be restored', bounded, async () => {
  process.env.FAKE_ENGINE_LOADS = '1';
  await start('fading-engine.ts');
  await says(({ resident }) => resident.includes('alpha'));
  process.env.FAKE_ENGINE_LOADS = '0';
  const id = await submit('beta');
  while (readHealth(healthFile, 'ready').ok) await setTimeout(5);
  while (heard('engine could not be restarted') < 3) await setTimeout(5);
  assert.deepEqual(
    [readHealth(healthFile, 'alive').ok, readHealth(healthFile, 'ready').ok],
    [true, false],
    'alive, and not ready',
  );
  process.env.FAKE_ENGINE_LOADS = '1';
  assert.equal((await queue.end(id)).status, 'COMPLETED');
  assert.ok(readHealth(healthFile, 'ready').ok);
});
