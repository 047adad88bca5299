import assert from 'node:assert/strict';
import { test } from 'node:test';
import { JobError } from '../../src/jobs/job-error.ts';
import { splitOnce } from './split-samples.ts';

const noMemory = 'BFCArena: Failed to allocate memory for requested buffer of size 1024';

/** Computes on a device with room for so many samples, and remembers how many were tried at once. */
async function tried(batch: number, room: number, message = noMemory) {
  const batches: number[] = [];
  const heard: string[] = [];
  const outcome = await splitOnce<unknown>(
    batch,
    async (samples) => {
      batches.push(samples);
      if (samples > room) throw new Error(message);
      return 'pictures';
    },
    (error) => heard.push(error.message),
  ).catch((error: unknown) => error);
  return { batches, heard, outcome };
}

test('what fits is computed once', async () => {
  assert.deepEqual(await tried(4, 4), { batches: [4], heard: [], outcome: 'pictures' });
});

test('samples that find no memory together are computed one by one', async () => {
  assert.deepEqual(await tried(4, 3), { batches: [4, 1], heard: [noMemory], outcome: 'pictures' });
});

test('nothing is tried a third time: the request fails with a reason for its client', async () => {
  const { batches, outcome } = await tried(4, 0);
  assert.deepEqual(batches, [4, 1]);
  assert.ok(outcome instanceof JobError && !outcome.retryable);
  assert.match(outcome.message, /not enough memory for this request, even for one sample at a time/);
});

test('a single sample cannot be split', async () => {
  const { batches, outcome } = await tried(1, 0);
  assert.deepEqual(batches, [1]);
  assert.equal((outcome as Error).message, noMemory);
});

test('another error is no reason to split', async () => {
  for (const message of [
    'the latents hold NaN',
    'CUDA failure 700: an illegal memory access was encountered',
  ]) {
    const { batches, outcome } = await tried(4, 0, message);
    assert.deepEqual(batches, [4]);
    assert.equal((outcome as Error).message, message);
  }
});
