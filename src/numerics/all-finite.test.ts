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
