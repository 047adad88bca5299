import assert from 'node:assert/strict';
import { test } from 'node:test';
import { combine, type Term } from './combine.ts';

const arrays = [1, 2, 3, 4, 5].map((k) => Float32Array.from([k, k * k, -k]));

test('a linear combination of one to five arrays is the sum of its terms', () => {
  for (let count = 1; count <= arrays.length; count++) {
    const terms = arrays.slice(0, count).map((values, i): Term => [0.5 + i, values]);
    const expected = [0, 1, 2].map((i) => terms.reduce((sum, [a, x]) => sum + a * x[i]!, 0));
    assert.deepEqual([...combine(terms[0]!, ...terms.slice(1))], expected);
  }
});

test('the sum is rounded to float32 once, so that near-opposite terms keep their difference', () => {
  const values = Float32Array.from([16777216]);
  const one = Float32Array.from([1]);
  for (const rest of [[], [[0, one] satisfies Term]])
    assert.deepEqual([...combine([1, values], [1, one], [-1, values], ...rest)], [1]);
});

test('arrays of different length are refused with both lengths', () => {
  assert.throws(() => combine([1, new Float32Array(3)], [1, new Float32Array(4)]), /of 3 and 4 values/);
});
