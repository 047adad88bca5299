import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createNoiseSource } from '../../../src/numerics/noise-source.ts';
import type { Mixture } from '../testbeds/mixture.ts';
import { mixtureFloor } from '../testbeds/mixture-testbed.ts';
import {
  distanceOfLatents,
  distanceToMixture,
  lineCumulative,
  lineQuantile,
  projectedMixture,
  rootMeanSquare,
} from './distances.ts';

const standard = [{ weight: 1, mean: 0, deviation: 1 }];

test('the cumulative normal has its published values', () => {
  // Abramowitz & Stegun, table 26.1.
  for (const [z, share] of [
    [0, 0.5],
    [1, 0.841344746068543],
    [2.9, 0.998134186699616],
    [3.1, 0.999032396786782],
    [-5, 2.866515719e-7],
  ] as const)
    assert.ok(Math.abs(lineCumulative(standard, z) - share) < 1e-14 + 1e-10 * share, `${z}`);
});

test('a quantile is where the cumulative distribution has its share, also between far modes', () => {
  const line = [
    { weight: 0.4, mean: -5, deviation: 0.1 },
    { weight: 0.6, mean: 5, deviation: 0.2 },
  ];
  for (const share of [0.001, 0.399, 0.401, 0.7, 0.999])
    assert.ok(Math.abs(lineCumulative(line, lineQuantile(line, share)) - share) < 1e-8, `${share}`);
});

test('the root mean square needs equally many values', () => {
  assert.equal(rootMeanSquare([1, 2, 3], [1, 2, 6]), Math.sqrt(3));
  assert.throws(() => rootMeanSquare([1], [1, 2]), /cannot compare 1 with 2 values/);
});

const round: Mixture = { components: [{ weight: 1, mean: [0, 0], deviation: 1 }] };

test('exact samples have the distance of chance, a shift adds to it by its mean length over all directions', () => {
  const points = 4096;
  const projected = projectedMixture(round, points);
  const samples = createNoiseSource({ rng: 'philox', seed: 3, length: 2 * points }).normal();
  const near = distanceToMixture(samples, projected);
  const far = distanceToMixture(
    samples.map((value, i) => value + (i % 2 === 0 ? 2 : 0)),
    projected,
  );
  assert.ok(near < 0.05, `${near}`);
  // The mean of |cos| over directions is 2 / pi.
  assert.ok(Math.abs(far - (2 * 2) / Math.PI) < 0.05, `${far}`);
});

test('more samples come closer to the mixture', () => {
  const [few, many] = [mixtureFloor(256), mixtureFloor(4096)];
  assert.ok(many < few / 2.5 && many > few / 7, `${few} ${many}`);
});

test('latents are compared as a set of vectors: where they stand does not matter, how they are spread does', () => {
  const positions = 64;
  const picture = createNoiseSource({ rng: 'philox', seed: 1, length: 4 * positions }).normal();
  const moved = Float32Array.from(picture, (_, i) => {
    const [channel, position] = [Math.floor(i / positions), i % positions];
    return picture[channel * positions + ((position + 7) % positions)]!;
  });
  assert.ok(distanceOfLatents([picture], [moved], 4) < 1e-6);
  const wider = picture.map((value) => 2 * value);
  assert.ok(distanceOfLatents([picture], [wider], 4) > 0.5);
  assert.throws(() => distanceOfLatents([picture], [picture, moved], 4), /cannot compare 64 with 128 points/);
});
