import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { readProgress } from '../../../src/jobs/records/records.ts';
import { openWorkedQueue, runFakeWorker } from '../../testing/fake-worker.ts';
import { bounded, fakeRequest, openTestQueue } from '../../testing/queue.ts';

const { queue, worker, close } = await openWorkedQueue();
after(close);

test(
  'a job becomes a picture that depends on its seed, and its result names checkpoint and time',
  bounded,
  async () => {
    const first = await queue.end(await queue.submit(fakeRequest('a')));
    assert.equal(first.status, 'COMPLETED');
    assert.deepEqual(first.result?.checkpoints, ['fake']);
    assert.ok(first.result.inferenceSeconds > 0);
    const again = await queue.end(await queue.submit(fakeRequest('a')));
    assert.equal(await queue.picture(again), await queue.picture(first));
    const other = await queue.end(await queue.submit({ ...fakeRequest('a'), seed: 43 }));
    assert.notEqual(await queue.picture(other), await queue.picture(first));

    const { determinism } = first.result;
    const [latents] = determinism!.images;
    assert.match(latents!.latentSha256, /^[0-9a-f]{64}$/);
    assert.deepEqual(determinism, {
      checkpoints: [{ name: 'fake', weights: {} }],
      device: 'cpu',
      runtime: 'fake engine',
      precision: 'integer',
      repeatable: true,
      scheduler: 'Euler',
      rng: 'philox',
      images: [{ seed: 42, latentSha256: latents!.latentSha256 }],
    });
    assert.deepEqual(again.result?.determinism, determinism);
    assert.notEqual(other.result?.determinism?.images[0]?.latentSha256, latents!.latentSha256);
  },
);

test('a preview comes from the engine to whoever follows the request', bounded, async () => {
  const id = await queue.submit(fakeRequest('previewAt=5 stepMs=100'));
  const previews: string[] = [];
  for await (const event of queue.producer.watch(id, new AbortController().signal))
    if (event.type === 'preview') previews.push(event.jpeg.toString());
  assert.deepEqual([...new Set(previews)], ['preview of step 5']);
});

test('a cancelled job frees its engine after the step in hand', bounded, async () => {
  // Where the cancel did not arrive, this one would take 20 seconds, longer than anybody here waits for the
  // next.
  const id = await queue.submit(fakeRequest('stepMs=200', 100));
  const steps: number[] = [];
  let cancelledAfter = Number.NaN;
  for await (const event of queue.producer.watch(id, new AbortController().signal)) {
    if (event.type !== 'progress') continue;
    steps.push(event.progress.step);
    if (steps.length > 1) continue;
    cancelledAfter = event.progress.step;
    await queue.producer.cancel(id);
  }
  const record = await queue.end(id);
  assert.deepEqual([record.status, record.error], ['FAILED', 'The request was cancelled']);
  const pid = worker.enginePid();
  const next = await queue.end(await queue.submit(fakeRequest('after the cancel')));
  assert.equal(next.status, 'COMPLETED');
  assert.equal(worker.enginePid(), pid, 'the engine was not replaced');
  // What the job reported last stays with it: the step in hand at the cancel and, where that was just over,
  // one more.
  const last = (await readProgress(queue.producer.redis, id))!.step;
  assert.ok(last <= cancelledAfter + 2, `step ${last} was done after a cancel in step ${cancelledAfter + 1}`);
});

test(
  'a thread blocked for longer than the lock lasts neither loses the job nor runs it twice',
  bounded,
  async () => {
    const record = await queue.end(await queue.submit(fakeRequest('stepMs=2500', 2)));
    assert.equal(record.status, 'COMPLETED', record.error);
    assert.equal(record.attempts, 1);
  },
);

test('a failure that says something about the request fails it at once with that text', bounded, async () => {
  const record = await queue.end(await queue.submit(fakeRequest('failAt=2')));
  assert.equal(record.status, 'FAILED');
  assert.equal(record.attempts, 1);
  assert.equal(record.error, 'the latents after step 2 hold NaN');
});

test('an unknown error is tried twice on the same engine and keeps its text inside', bounded, async () => {
  const pid = worker.enginePid();
  const record = await queue.end(await queue.submit(fakeRequest('brokenAt=2')));
  assert.equal(record.attempts, 2);
  assert.equal(record.error, 'The worker could not finish this request');
  assert.equal(worker.enginePid(), pid);
});

test('a deadline stops the engine between two steps without replacing it', bounded, async () => {
  await using impatient = await openTestQueue({ retentionSeconds: 60, deadlineSeconds: 1 });
  await using worker = await runFakeWorker(impatient, { JOB_DEADLINE_SECONDS: '1' });
  const pid = worker.enginePid();
  const record = await impatient.end(await impatient.submit(fakeRequest('stepMs=100', 1000)));
  assert.equal(record.status, 'FAILED');
  assert.equal(record.error, 'The request was not finished within its deadline');
  assert.equal((await impatient.end(await impatient.submit(fakeRequest('next')))).status, 'COMPLETED');
  assert.equal(worker.enginePid(), pid);
});
