import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createTimeLeft } from './time-left.ts';

test('the time left is the mean time of the steps seen, times those to come, over all samples', () => {
  const timeLeft = createTimeLeft();
  const at = (sample: number, step: number, now: number) =>
    timeLeft.at({ sample, samples: 2, step, steps: 20 }, now);
  assert.equal(at(0, 4, 1000), undefined);
  assert.equal(at(0, 4, 1500), undefined);
  // 6 steps in 3 s; 30 of 40 are to come.
  assert.equal(at(0, 10, 4000), 15);
  // 26 steps in 13 s; 10 are to come.
  assert.equal(at(1, 10, 14_000), 5);
  assert.equal(at(1, 20, 19_000), 0);
});
