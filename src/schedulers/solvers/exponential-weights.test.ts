import assert from 'node:assert/strict';
import { test } from 'node:test';
import { integral } from '../../numerics/integral.ts';
import { exponentialWeights } from './exponential-weights.ts';

const nodes = [0.3, -0.2, -1.1, -1.5];

for (const rate of [1, 2, 1.3])
  test(`weights at rate ${rate} integrate every polynomial through their nodes exactly`, () => {
    for (const count of [1, 2, 3, 4])
      for (let power = 0; power < count; power++) {
        const used = nodes.slice(0, count);
        const weights = exponentialWeights(used, 0.3, 1.2, rate);
        const sum = weights.reduce((total, weight, j) => total + weight * used[j]! ** power, 0);
        const exact = integral((u) => rate * Math.exp(-rate * (1.2 - u)) * u ** power, 0.3, 1.2);
        assert.ok(Math.abs(sum - exact) < 1e-12, `${count} nodes, power ${power}: ${sum} for ${exact}`);
      }
  });

test('weights add up to the share that the step takes', () => {
  const weights = exponentialWeights(nodes, 0.3, 0.35, 2);
  assert.ok(Math.abs(weights.reduce((sum, weight) => sum + weight) + Math.expm1(-2 * 0.05)) < 1e-12);
});
