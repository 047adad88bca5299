import assert from 'node:assert/strict';
import path from 'node:path';
import { after, test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { liveWorkers } from '../../../src/jobs/queue/heartbeat.ts';
import { engineChildren } from '../../testing/engine-children.ts';
import { openWorkedQueue, runFakeWorker } from '../../testing/fake-worker.ts';
import { bounded, fakeRequest, gone, isAlive, openTestQueue } from '../../testing/queue.ts';

const { queue, worker, close } = await openWorkedQueue();
after(close);

test(
  'a job whose engine is killed in mid-step finishes on a new engine with the same picture',
  bounded,
  async () => {
    const request = fakeRequest('killed stepMs=50');
    const undisturbed = await queue.picture(await queue.end(await queue.submit(request)));
    const pid = worker.enginePid();
    const id = await queue.submit(request);
    await queue.stepsReported(id, 5);
    process.kill(pid, 'SIGKILL');
    const record = await queue.end(id);
    assert.equal(record.status, 'COMPLETED', record.error);
    assert.equal(record.attempts, 2);
    assert.notEqual(worker.enginePid(), pid);
    assert.equal(await queue.picture(record), undisturbed);
  },
);

test(
  'a job that kills every engine fails after two with its reason, and the others complete',
  bounded,
  async () => {
    const poison = await queue.submit(fakeRequest('crashAt=3'));
    const others = await Promise.all(Array.from({ length: 3 }, () => queue.submit(fakeRequest('fine'))));
    const record = await queue.end(poison);
    assert.equal(record.status, 'FAILED');
    assert.equal(record.attempts, 2);
    assert.equal(record.error, 'The engine ended (signal SIGKILL) while it worked on this request');
    for (const id of others) assert.equal((await queue.end(id)).status, 'COMPLETED');
  },
);

test('an engine whose device failed is replaced, and the job tried once more', bounded, async () => {
  const pid = worker.enginePid();
  const record = await queue.end(await queue.submit(fakeRequest('deviceAt=2')));
  assert.equal(record.attempts, 2);
  assert.equal(record.error, 'The device failed while it worked on this request');
  await gone(pid);
});

test(
  'samples that find no memory together are computed one by one, with the same pictures',
  bounded,
  async () => {
    const made = async (prompt: string) => {
      const record = await queue.end(await queue.submit({ ...fakeRequest(prompt, 3), samples: 3 }));
      assert.deepEqual([record.error, record.attempts], [undefined, 1]);
      return record.result?.determinism?.images;
    };
    const undisturbed = await made('tight');
    const pid = worker.enginePid();
    assert.equal(undisturbed?.length, 3);
    assert.deepEqual(await made('tight room=2'), undisturbed);
    assert.equal(worker.enginePid(), pid, 'the engine was not replaced');
  },
);

test(
  'samples that find no memory one by one either fail at once, and their reason is told',
  bounded,
  async () => {
    const record = await queue.end(await queue.submit({ ...fakeRequest('tight room=0'), samples: 2 }));
    assert.deepEqual(
      [record.status, record.attempts, record.error],
      ['FAILED', 1, 'The device has not enough memory for this request, even for one sample at a time'],
    );
  },
);

test(
  'a single sample that finds no memory is tried once more by a new engine, then fails with its reason',
  bounded,
  async () => {
    const pid = worker.enginePid();
    const record = await queue.end(await queue.submit(fakeRequest('tight room=0')));
    assert.deepEqual(
      [record.status, record.attempts, record.error],
      ['FAILED', 2, 'The device has not enough memory for this request'],
    );
    await gone(pid);
    assert.equal((await queue.end(await queue.submit(fakeRequest('tight room=1')))).status, 'COMPLETED');
  },
);

test('an idle engine that is killed is replaced, and the worker stays on the list', bounded, async () => {
  const pid = worker.enginePid();
  process.kill(pid, 'SIGKILL');
  while (worker.enginePid() === pid) {
    assert.equal((await liveWorkers(queue.producer.redis)).length, 1);
    await setTimeout(20);
  }
  assert.equal((await queue.end(await queue.submit(fakeRequest('after')))).status, 'COMPLETED');
});

test(
  'an engine that hangs in a step after its deadline is killed after the grace time',
  bounded,
  async () => {
    await using impatient = await openTestQueue({ retentionSeconds: 60, deadlineSeconds: 1 });
    await using worker = await runFakeWorker(
      impatient,
      { JOB_DEADLINE_SECONDS: '1' },
      { cancelGraceMs: 200, restartDelayMs: 10 },
    );
    const pid = worker.enginePid();
    const record = await impatient.end(await impatient.submit(fakeRequest('stepMs=600000')));
    assert.equal(record.error, 'The request was not finished within its deadline');
    assert.ok(!isAlive(pid));
    // Until another engine is there, which may take longer than the deadline.
    const next = async () => (await impatient.end(await impatient.submit(fakeRequest('next')))).status;
    while ((await next()) !== 'COMPLETED');
  },
);

test('a worker whose checkpoints cannot be opened says why and takes no jobs', bounded, async () => {
  const start = runFakeWorker(
    queue,
    {},
    { engineFile: path.join(import.meta.dirname, '../../testing/refusing-engine.ts') },
  );
  await assert.rejects(start, { message: 'unet/config.json: cross_attention_dim is missing' });
});

test('a worker whose engine cannot be replaced reports itself hopeless', bounded, async () => {
  const hopeless = Promise.withResolvers<Error>();
  await using other = await openTestQueue();
  process.env.FAKE_ENGINE_LOADS = '1';
  await using worker = await runFakeWorker(
    other,
    {},
    {
      engineFile: path.join(import.meta.dirname, '../../testing/fading-engine.ts'),
      ...{ restartDelayMs: 10, maxRestarts: 2, onHopeless: hopeless.resolve },
    },
  );
  process.env.FAKE_ENGINE_LOADS = '0';
  process.kill(worker.enginePid(), 'SIGKILL');
  assert.equal((await hopeless.promise).message, 'the device is gone');
});

test('a worker that cannot take jobs once its engine is up leaves no engine behind', bounded, async () => {
  await using other = await openTestQueue();
  const before = engineChildren();
  process.env.FAKE_LOAD_MS = '500';
  const start = runFakeWorker(other);
  const refused = assert.rejects(start, /lacks \+subscribe/);
  while (engineChildren().length === before.length) await setTimeout(5);
  delete process.env.FAKE_LOAD_MS;
  await other.producer.redis.call('ACL', 'SETUSER', 'default', '-subscribe');
  await refused;
  assert.deepEqual(engineChildren(), before);
});
