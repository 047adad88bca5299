import assert from 'node:assert/strict';
import { test } from 'node:test';
import { symmetricBetaQuantile } from './symmetric-beta.ts';

test('quantiles are those of scipy.stats.beta.ppf(share, shape, shape)', () => {
  // scipy 1.17.1
  const expected: readonly (readonly [shape: number, share: number, quantile: number])[] = [
    [0.6, 0.001, 1.85587385175e-5],
    [0.6, 0.01, 0.000861238821543],
    [0.6, 0.1, 0.0395844055888],
    [0.6, 0.25, 0.175680378653],
    [0.6, 0.49, 0.486128914278],
    [0.6, 0.75, 0.824319621347],
    [0.6, 0.99, 0.999138761178],
    [0.5, 0.001, 2.46739907092e-6],
    [0.5, 0.01, 0.000246719817134],
    [0.5, 0.1, 0.0244717418524],
    [0.5, 0.25, 0.146446609407],
    [0.5, 0.49, 0.484294620461],
    [0.5, 0.75, 0.853553390593],
    [0.5, 0.99, 0.999753280183],
    [1.0, 0.001, 0.001],
    [1.0, 0.01, 0.01],
    [1.0, 0.1, 0.1],
    [1.0, 0.25, 0.25],
    [1.0, 0.49, 0.49],
    [1.0, 0.75, 0.75],
    [1.0, 0.99, 0.99],
    [2.5, 0.001, 0.032517788734],
    [2.5, 0.01, 0.0835629877453],
    [2.5, 0.1, 0.22456860241],
    [2.5, 0.25, 0.345463743706],
    [2.5, 0.49, 0.494109104924],
    [2.5, 0.75, 0.654536256294],
    [2.5, 0.99, 0.916437012255],
  ];
  for (const [shape, share, quantile] of expected)
    assert.ok(
      Math.abs(symmetricBetaQuantile(share, shape) / quantile - 1) < 1e-10,
      `${share} of ${shape}: ${symmetricBetaQuantile(share, shape)} for ${quantile}`,
    );
});

test('the ends and the middle are exact', () => {
  for (const share of [0, 0.5, 1]) assert.equal(symmetricBetaQuantile(share, 0.6), share);
});
