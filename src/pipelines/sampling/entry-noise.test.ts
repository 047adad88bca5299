import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createNoiseSource } from '../../numerics/noise-source.ts';
import { slerpColumns } from '../../numerics/slerp.ts';
import { entryNoise } from './entry-noise.ts';
import type { Sample } from './sampling.ts';

const channels = 4;
const size = { height: 12, width: 10 };
const shape = { channels, size, factor: 8 };
const length = channels * size.height * size.width;
const rng = 'philox';
const source = (seed: number, of = length) => createNoiseSource({ rng, seed, length: of });
const sample = (seed: number, variationSeed?: number): Sample => ({
  seed,
  variationSeed,
  noise: source(seed),
});

test('without a variation a sample begins with its own next draw', () => {
  assert.deepEqual(entryNoise(sample(7), shape, { rng }), source(7).normal());
});

test('a variation is the slerp of both seeds; at strength 0 and 1 one of them alone', () => {
  const vary = (strength: number) =>
    entryNoise(sample(7, 9), shape, { rng, variation: { seed: 9, strength } });
  const [own, other] = [source(7).normal(), source(9).normal()];
  assert.deepEqual(vary(0.4), slerpColumns(0.4, own, other, { channels, ...size }));
  for (const [strength, expected] of [
    [0, own],
    [1, other],
  ] as const)
    for (const [at, value] of vary(strength).entries()) assert.ok(Math.abs(value - expected[at]!) < 1e-5);
});

test('behind a draw of the sample the second seed gives its second draw too', () => {
  const varied = sample(7, 9);
  varied.noise.normal();
  const noise = entryNoise(varied, shape, { rng, variation: { seed: 9, strength: 1 } }, 1);
  const other = source(9);
  other.normal();
  const expected = other.normal();
  for (const [at, value] of noise.entries()) assert.ok(Math.abs(value - expected[at]!) < 1e-5);
});

test('the noise of another size stands in the middle, cut where it is larger', () => {
  // x[:, ty:ty+h, tx:tx+w] = noise[:, dy:dy+h, dx:dx+w] of A1111's ImageRNG.first (commit 0d5dc9a).
  const resized = (height: number, width: number) =>
    entryNoise(sample(7), shape, { rng, seedResizeFrom: { height: height * 8, width: width * 8 } });
  const value = (
    noise: Float32Array,
    of: { height: number; width: number },
    c: number,
    y: number,
    x: number,
  ) => noise[(c * of.height + y) * of.width + x];
  const own = source(7).normal();
  for (const of of [
    { height: 6, width: 4 },
    { height: 16, width: 14 },
    { height: 6, width: 14 },
  ]) {
    const other = source(7, channels * of.height * of.width).normal();
    const noise = resized(of.height, of.width);
    const [dy, dx] = [(size.height - of.height) / 2, (size.width - of.width) / 2];
    for (let c = 0; c < channels; c++)
      for (let y = 0; y < size.height; y++)
        for (let x = 0; x < size.width; x++) {
          const isInner = y >= dy && y < dy + of.height && x >= dx && x < dx + of.width;
          const expected = isInner ? value(other, of, c, y - dy, x - dx) : value(own, size, c, y, x);
          assert.equal(value(noise, size, c, y, x), expected);
        }
  }
});

test('an odd difference of sizes rounds as integer division of Python does', () => {
  const noise = entryNoise(sample(7), shape, { rng, seedResizeFrom: { height: 8 * 15, width: 8 * 7 } });
  const other = source(7, channels * 15 * 7).normal();
  // (12 - 15) // 2 = -2, so dy = 2 and h = 15 - 4 = 11; (10 - 7) // 2 = 1.
  assert.equal(noise[1], other[2 * 7]);
  assert.equal(noise[10 * 10 + 1], other[12 * 7]);
  assert.equal(noise[11 * 10 + 1], source(7).normal()[11 * 10 + 1]);
});

test('a size that has no latents leaves the noise as it is', () => {
  const noise = entryNoise(sample(7), shape, { rng, seedResizeFrom: { height: 4, width: 512 } });
  assert.deepEqual(noise, source(7).normal());
});
