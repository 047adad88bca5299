import assert from 'node:assert/strict';
import { test } from 'node:test';
import { addLowRank } from '../checkpoints/loras/low-rank.ts';
import { runtimeLowRank } from './runtime-low-rank.ts';

/** Small whole numbers, whose products and sums are exact in float16 too. */
function wholeNumbers(count: number, salt: number): Float32Array {
  return Float32Array.from({ length: count }, (_, index) => ((index * 37 + salt * 101) % 23) - 11);
}

for (const Values of [Float32Array, Float16Array])
  test(`a product is added to ${Values.name} as it is without a runtime, whatever its shape`, async () => {
    for (const [outputs, inputs, rank] of [
      [1, 1, 1],
      [3, 5, 2],
      [5, 513, 7],
      [64, 40, 65],
    ] as const) {
      const product = {
        ...{ up: wholeNumbers(outputs * rank, 1), down: wholeNumbers(rank * inputs, 2), rank, scale: 0.25 },
      };
      const values = new Values(wholeNumbers(outputs * inputs, 3));
      const expected = await addLowRank(values.slice(), product);
      assert.deepEqual(await runtimeLowRank(values, product), expected);
    }
  });

test('a float16 sum is rounded once, to the nearest, ties to even', async () => {
  // 1 + 2^-11 lies between 1 and the next float16; 1 + 3 x 2^-11 between two of which the upper is even.
  const product = (scale: number) => ({ up: Float32Array.of(1), down: Float32Array.of(1), rank: 1, scale });
  for (const [added, expected] of [
    [2 ** -11, 1],
    [2 ** -11 + 2 ** -20, 1 + 2 ** -10],
    [3 * 2 ** -11, 1 + 2 ** -9],
  ] as const)
    assert.deepEqual([...(await runtimeLowRank(Float16Array.of(1), product(added)))], [expected]);
});
