import assert from 'node:assert/strict';
import { test } from 'node:test';
import { applyEmphasis } from './emphasis.ts';
import emphasis from './oracles/emphasis.json' with { type: 'json' };

for (const mode of ['no-norm', 'original'] as const) {
  test(`${mode} gives the hidden states that A1111's own code gives`, () => {
    for (const { width, weights, states, ...expected } of emphasis.cases) {
      const actual = applyEmphasis(Float32Array.from(states), Float32Array.from(weights), width, mode);
      expected[mode].forEach((value, index) => {
        assert.ok(Math.abs(actual[index]! - value) <= 2e-6 * (1 + Math.abs(value)), `value ${index}`);
      });
    }
  });
}

test('original keeps the mean of the chunk, no-norm does not', () => {
  const mean = (values: Float32Array) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const states = Float32Array.from({ length: 12 }, (_, index) => index);
  const weights = Float32Array.of(2, 1, 0.5);
  assert.ok(Math.abs(mean(applyEmphasis(states.slice(), weights, 4, 'original')) - 5.5) < 1e-6);
  assert.ok(Math.abs(mean(applyEmphasis(states.slice(), weights, 4, 'no-norm')) - 5.5) > 0.1);
});

test('weights of one leave every bit as it is', () => {
  const states = Float32Array.from({ length: 6 }, () => Math.random());
  for (const mode of ['no-norm', 'original'] as const) {
    assert.deepEqual(applyEmphasis(states.slice(), Float32Array.of(1, 1), 3, mode), states);
  }
});

test('hidden states that do not fit the weights are refused', () => {
  assert.throws(
    () => applyEmphasis(new Float32Array(7), new Float32Array(2), 3, 'no-norm'),
    /hidden states of 7 values are not 2 tokens of width 3/,
  );
});
