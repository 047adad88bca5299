import assert from 'node:assert/strict';
import { test } from 'node:test';
import { allFinite } from './all-finite.ts';

test('numbers are all finite but for NaN and the infinities, wherever they stand', () => {
  const numbers = Float32Array.of(0, -0, 3.4028234e38, -3.4028234e38, 1e-45, 1);
  assert.ok(allFinite(numbers));
  assert.ok(allFinite(new Float32Array()));
  for (const other of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])
    for (let index = 0; index < numbers.length; index++)
      assert.equal(allFinite(numbers.with(index, other)), false, `${other} at ${index}`);
});

test('pieces of a long array are looked at to their ends', () => {
  for (const length of [8191, 8192, 8193, 2 * 8192 + 33]) {
    const numbers = new Float32Array(length).fill(1);
    assert.ok(allFinite(numbers));
    for (const index of [0, 31, 32, 8190, 8191, length - 1])
      if (index < length) assert.equal(allFinite(numbers.with(index, Number.NaN)), false, `${index}`);
    assert.ok(allFinite(numbers));
  }
});
