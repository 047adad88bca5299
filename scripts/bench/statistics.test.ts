import assert from 'node:assert/strict';
import { test } from 'node:test';
import { median, pairedRatio, unpairedRatio } from './statistics.ts';

test('the median is the middle sample, or the mean of the two in the middle', () => {
  assert.equal(median([3, 1, 2]), 2);
  assert.equal(median([4, 1, 3, 2]), 2.5);
  assert.equal(median([7]), 7);
});

test('runs in turn are compared pair by pair, so that what slows both down does not count', () => {
  const { ratio, low, high } = pairedRatio([
    [1, 2],
    [10, 20],
    [3, 5],
  ]);
  assert.deepEqual([ratio, low, high], [0.5, 0.5, 0.6]);
});

test('of samples apart the ratio is the median of all pairs', () => {
  assert.equal(unpairedRatio([2], [4]).ratio, 0.5);
  assert.equal(unpairedRatio([1, 2, 4], [1, 2, 4]).ratio, 1);
});

/*
 * Critical values of Mann and Whitney's U, two-sided 5 %: 0 for 4 and 4, 2 for 5 and 5, 23 for 10 and 10
 * (their published table); the interval leaves out as many ratios on each side.
 */
test('the bounds leave out as many pairs as the critical value of the rank test', () => {
  for (const [count, outside] of [
    [3, 0],
    [4, 0],
    [5, 2],
    [10, 23],
  ] as const) {
    const samples = Array.from({ length: count }, (_, index) => 2 ** index);
    const denominators = samples.map((sample) => sample ** 17);
    const ratios = samples.flatMap((a) => denominators.map((b) => a / b)).sort((a, b) => a - b);
    const { low, high } = unpairedRatio(samples, denominators);
    assert.deepEqual([low, high], [ratios[outside], ratios.at(-1 - outside)]);
  }
});

test('samples that do not overlap give bounds on one side of 1', () => {
  const { low, high } = unpairedRatio([10, 11, 10.5, 10.2, 10.8], [12, 13, 12.5, 12.1, 13.4]);
  assert.ok(low < high && high < 1);
});
