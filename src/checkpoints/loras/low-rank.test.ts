import assert from 'node:assert/strict';
import { test } from 'node:test';
import { addLowRank } from './low-rank.ts';

/** Small whole numbers, whose products and sums are exact. */
function wholeNumbers(count: number, salt: number): Float32Array {
  return Float32Array.from({ length: count }, (_, index) => ((index * 37 + salt * 101) % 23) - 11);
}

for (const [outputs, inputs, rank] of [
  [1, 1, 1],
  [3, 5, 2],
  [4, 7, 4],
  [5, 513, 6],
  [6, 1200, 9],
] as const)
  test(`a product of rank ${rank} is added to a matrix of ${outputs} x ${inputs}`, () => {
    const up = wholeNumbers(outputs * rank, 1);
    const down = wholeNumbers(rank * inputs, 2);
    const values = wholeNumbers(outputs * inputs, 3);
    const expected = values.map((value, index) => {
      const [row, column] = [Math.floor(index / inputs), index % inputs];
      let sum = 0;
      for (let k = 0; k < rank; k++) sum += up[row * rank + k]! * down[k * inputs + column]!;
      return value + 0.5 * sum;
    });
    addLowRank(values, { up, down, rank, scale: 0.5 });
    assert.deepEqual(values, expected);
  });
