import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { liveWorkers, type WorkerInfo } from '../../../src/jobs/queue/heartbeat.ts';
import { freePort } from '../../../src/testing/free-port.ts';
import { after, before } from '../../../src/testing/hooks.ts';
import { fakeRequest, gone, openTestQueue, startFakeWorker, type TestQueue } from '../../testing/queue.ts';
import { readHealth } from '../health/health-file.ts';

let queue: TestQueue;
const directory = mkdtempSync(path.join(tmpdir(), 'devices-'));
const healthFile = path.join(directory, 'health');
before(async () => {
  queue = await openTestQueue();
});
after(async () => {
  await queue.close();
  rmSync(directory, { recursive: true });
});

/** The workers of these devices once they are seen, in that order. */
async function workersOf(...devices: string[]): Promise<WorkerInfo[]> {
  for (;;) {
    const live = await liveWorkers(queue.producer.redis);
    const found = devices.flatMap((device) => live.find((worker) => worker.device === device) ?? []);
    if (found.length === devices.length) return found;
    await setTimeout(20);
  }
}

test('one process has an engine for each device; they work at once, are seen apart and drain together', {
  timeout: 60_000,
}, async () => {
  const port = await freePort();
  await using worker = await startFakeWorker(queue.redis.url, 1000, 500, {
    ...{ DEVICES: 'cuda:0,cuda:1,cpu', FAKE_BROKEN_DEVICE: 'cpu', HEALTH_FILE: healthFile },
    METRICS_PORT: String(port),
  });
  await workersOf('cuda:0', 'cuda:1');
  const isSaid = () =>
    /^worker \d+: cuda:0 ready, cuda:1 ready, cpu without engine, \d s ago$/.test(
      readHealth(healthFile, 'ready').line,
    );
  while (!isSaid()) await setTimeout(20);

  const ids = [1, 2].map(() => queue.submit(fakeRequest('stepMs=50', 1000)));
  const [first, second] = await Promise.all(ids);
  await Promise.all([first, second].map((id) => queue.stepsReported(id!, 2)));
  const busy = await workersOf('cuda:0', 'cuda:1');
  assert.deepEqual(busy.map(({ request }) => request).sort(), [first, second].sort());
  const metrics = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
  for (const [device, isReady] of Object.entries({ 'cuda:0': 1, 'cuda:1': 1, cpu: 0 })) {
    assert.ok(metrics.includes(`sdxl_engine_ready{device="${device}"} ${isReady}\n`), metrics);
    assert.ok(metrics.includes(`sdxl_engine_busy{device="${device}"} ${isReady}\n`), metrics);
  }

  worker.process.kill('SIGTERM');
  assert.equal(await worker.ended, 0);
  await gone(worker.enginePid);
  for (const id of [first, second]) {
    const record = await queue.producer.read(id!);
    assert.deepEqual([record?.status, record?.attempts], ['QUEUED', 0]);
    await queue.producer.cancel(id!);
  }
  assert.deepEqual(await liveWorkers(queue.producer.redis), []);
});

test('an engine that dies takes nothing from the other device, whose job goes on', {
  timeout: 60_000,
}, async () => {
  await using worker = await startFakeWorker(queue.redis.url, 1000, 500, { DEVICES: 'cuda:0,cuda:1' });
  await workersOf('cuda:0', 'cuda:1');
  const steady = await queue.submit(fakeRequest('steady stepMs=50', 40));
  const crashing = await queue.submit(fakeRequest('crashAt=2'));
  assert.equal((await queue.end(crashing)).status, 'FAILED');
  const record = await queue.end(steady);
  assert.deepEqual([record.status, record.attempts], ['COMPLETED', 1]);
  worker.process.kill('SIGTERM');
  assert.equal(await worker.ended, 0);
});
