import assert from 'node:assert/strict';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import type { SerializedError } from '../../../src/process/serialize-error.ts';
import { after, before } from '../../../src/testing/hooks.ts';
import { bounded, fakeRequest, openTestQueue, startFakeWorker, type TestQueue } from '../../testing/queue.ts';

let queue: TestQueue;
before(async () => {
  queue = await openTestQueue();
});
after(() => queue.close());

/** The error of the first line with that message, as the worker's process writes it. */
async function errorLogged(message: string, act: () => Promise<unknown>): Promise<SerializedError> {
  await using worker = await startFakeWorker(queue.redis.url, 3000, 1000);
  const lines = createInterface({ input: worker.process.stdout! });
  const found = (async () => {
    for await (const line of lines) {
      const { msg, err } = JSON.parse(line) as { msg: string; err: SerializedError };
      if (msg === message) return err;
    }
    throw new Error(`the worker ended without "${message}"`);
  })();
  await act();
  return await found;
}

test(
  "an engine's error is in the worker's log with class, stack and causes of the engine",
  bounded,
  async () => {
    const err = await errorLogged('job attempt failed', () => queue.submit(fakeRequest('brokenAt=1')));
    assert.deepEqual([err.type, err.message], ['Error', 'secret detail']);
    assert.match(err.stack!, /engine-run\.ts/);
    assert.deepEqual([err.cause?.type, err.cause?.message], ['Error', 'secret detail']);
    assert.match(err.cause?.stack ?? '', /workers\/testing\/generator\.ts/);
    assert.deepEqual([err.cause?.cause?.type, err.cause?.cause?.message], ['RangeError', 'inner detail']);
    assert.match(err.cause?.cause?.stack ?? '', /workers\/testing\/generator\.ts/);
  },
);

test('a lost connection is in the log as an error with its class, message and stack', bounded, async () => {
  const err = await errorLogged('Redis connection error', () => queue.redis.stop());
  assert.ok(err.message !== '' && err.type !== '', JSON.stringify(err));
  assert.match(err.stack!, /\n\s+at /);
  await queue.redis.start();
});
