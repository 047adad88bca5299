import assert from 'node:assert/strict';
import { test } from 'node:test';
import { slerpColumns } from './slerp.ts';

const shape = { channels: 2, height: 2, width: 3 };
const from = Float32Array.of(0.3, -1.2, 0.7, 1.1, 0.4, -0.9, -0.5, 0.8, 1.6, 0.2, -0.6, 0.1);
const to = Float32Array.of(-0.8, 0.5, 1.3, 0.9, -1.4, 0.2, 0.6, 1.0, -0.3, -1.1, 0.7, 0.4);

function assertClose(actual: Float32Array, expected: ArrayLike<number>, tolerance = 1e-6): void {
  assert.equal(actual.length, expected.length);
  for (const [at, value] of actual.entries())
    assert.ok(Math.abs(value - expected[at]!) < tolerance, `${at}: ${value}`);
}

test('noises are turned into each other column by column, as A1111 does', () => {
  // slerp of modules/rng.py (A1111, commit 0d5dc9a) computed with NumPy 2 in float64.
  assertClose(slerpColumns(0.3, from, to, shape), [
    ...[-0.0509363, -1.1298094, 1.0088511, 1.1563616, -0.5973194, -0.6257749],
    ...[-0.1448984, 1.0344021, 1.694261, -0.8472054, -0.2151358, 0.4073026],
  ]);
});

test('a share of 0 gives the first noise and one of 1 the second', () => {
  assertClose(slerpColumns(0, from, to, shape), from);
  assertClose(slerpColumns(1, from, to, shape), to);
});

test('a noise turned towards itself stays itself', () => {
  assertClose(slerpColumns(0.5, from, from, shape), from);
});

test('columns of one value, which have no plane to turn in, are mixed', () => {
  const flat = { channels: 1, height: 1, width: 2 };
  assertClose(slerpColumns(0.25, Float32Array.of(1, 1), Float32Array.of(3, -1), flat), [1.5, 0.5]);
});
