import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fakeEdit, fakeRequest } from '../../testing/queue.ts';
import { createSilenceLimits, workOf } from './silence-limits.ts';

const megapixel = { ...fakeRequest('a'), width: 1024, height: 1024 };

test('work that was never heard of may be silent for the longest time, known work for 20 times its own', () => {
  const limits = createSilenceLimits(1000, 60_000);
  const work = limits.ofRun('sdxl-base', workOf(megapixel, undefined, 1));
  assert.equal(work.limitMs(), 60_000);
  work.learn(100);
  assert.equal(work.limitMs(), 2000);
  work.learn(1);
  assert.equal(work.limitMs(), 1800, 'nine tenths of the longest are remembered');
  assert.equal(limits.ofRun('sdxl-base+sdxl-refiner', 1).limitMs(), 60_000);
});

test('a limit follows the megapixels that are computed at once, and stays between floor and ceiling', () => {
  const limits = createSilenceLimits(1000, 60_000);
  limits.ofRun('sdxl-base', workOf(megapixel, undefined, 1)).learn(100);
  const limitOf = (request: typeof megapixel, batch: number) =>
    limits.ofRun('sdxl-base', workOf(request, undefined, batch)).limitMs();
  assert.equal(limitOf({ ...megapixel, width: 2048 }, 1), 4000);
  assert.equal(limitOf({ ...megapixel, samples: 4 }, 3), 6000);
  assert.equal(limitOf({ ...megapixel, width: 64, height: 64 }, 1), 1000);
  limits.ofRun('sdxl-base', 1).learn(50_000);
  assert.equal(limitOf(megapixel, 1), 60_000);
});

test('of a checkpoint the longest load is remembered, of each its own', () => {
  const limits = createSilenceLimits(1000, 60_000);
  limits.ofLoad('large').learn(500);
  limits.ofLoad('large').learn(1);
  assert.equal(limits.ofLoad('large').limitMs(), 10_000);
  assert.equal(limits.ofLoad('other').limitMs(), 60_000);
});

test("an image-to-image request is as much work as its input picture's header says", () => {
  // PNG specification 11.2.1: signature, length 13, "IHDR", width, height.
  const png = Buffer.from('89504e470d0a1a0a0000000d4948445200000400000002000802000000', 'hex');
  const request = fakeEdit('juggernaut', 'a');
  assert.equal(workOf(request, png, 1), 0.5);
  assert.equal(workOf({ ...request, samples: 4 }, png, 2), 1);
  assert.equal(workOf(request, Buffer.from('no picture'), 1), 1);
});
