import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createBrownianPath, roundToMillionths } from './brownian-path.ts';

test('times are rounded to six decimals as Python does, ties to even', () => {
  // Python 3: round(x, 6).
  const cases = [
    [0.0078125, 0.007812],
    [0.0234375, 0.023438],
    [14.6146474999, 14.614647],
    [2.6750005, 2.675],
    [1.0000005, 1.000001],
    [0.0291675329208374, 0.029168],
  ] as const;
  for (const [x, rounded] of cases) assert.equal(roundToMillionths(x), rounded);
});

test('a step down the range reuses the bridges above it', () => {
  let draws = 0;
  const path = createBrownianPath(1, 0.03, 14, 16, (_, values) => {
    draws++;
    values.fill(0.5);
  });
  path(2, 1);
  const first = draws;
  path(1, 0.999);
  assert.ok(draws - first < 18, `${draws - first} further draws for a point nearby`);
  const before = draws;
  path(1, 0.999);
  assert.equal(draws, before);
});
