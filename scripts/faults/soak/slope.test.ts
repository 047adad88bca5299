import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isSteeper, slopeOf } from './slope.ts';

test('points on a line have its slope and no error', () => {
  assert.deepEqual(slopeOf([0, 1, 2, 5].map((x) => [x, 3 * x - 1] as const)), { perUnit: 3, error: 0 });
});

test('scatter gives a slope its standard error', () => {
  // By hand: x = 1 2 3 4, y = 1 3 2 4; Sxx = 5, Sxy = 4, slope 0.8, residuals 1.8, error sqrt(1.8 / 2 / 5).
  const { perUnit, error } = slopeOf([
    [1, 1],
    [2, 3],
    [3, 2],
    [4, 4],
  ]);
  assert.ok(Math.abs(perUnit - 0.8) < 1e-12);
  assert.ok(Math.abs(error - Math.sqrt(0.18)) < 1e-12);
});

test('growth counts where it exceeds twice its noise', () => {
  assert.equal(isSteeper({ perUnit: 1, error: 0.4 }, 0.05), true);
  assert.equal(isSteeper({ perUnit: 1, error: 0.5 }, 0.05), false);
});
