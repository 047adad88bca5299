import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { createNoiseSource } from './noise-source.ts';
import { createPhiloxNormals } from './philox-normals.ts';
import type { RandomAlgorithm } from './random-algorithms.ts';
import { firstSeedWord } from './seed-sequence.ts';
import { createTorchCpuNormals } from './torch-cpu-normals.ts';

interface Draws {
  readonly seed: number;
  /** Lengths of the successive randn calls. */
  readonly lengths: readonly number[];
  /** Base64 of float32. */
  readonly values: string;
}

interface Oracle {
  readonly torchCpu: readonly Draws[];
  readonly philox: readonly Draws[];
  readonly seedSequence: readonly { entropy: number; spawnKey: readonly number[]; word: number }[];
  readonly brownian: readonly {
    readonly seed: number;
    readonly low: number;
    readonly high: number;
    readonly queries: readonly (readonly [number, number])[];
    readonly values: string;
  }[];
}

const file = path.join(import.meta.dirname, 'oracles/random-normals.json.gz');
const oracle = JSON.parse(gunzipSync(readFileSync(file)).toString()) as Oracle;

function floats(text: string): Float32Array {
  return new Float32Array(Uint8Array.from(Buffer.from(text, 'base64')).buffer);
}

function assertClose(actual: Float32Array, expected: Float32Array, tolerance: number): void {
  assert.equal(actual.length, expected.length);
  for (const [i, value] of expected.entries())
    assert.ok(Math.abs(actual[i]! - value) <= tolerance, `value ${i}: ${actual[i]} for ${value}`);
}

function assertDraws(createNormals: typeof createPhiloxNormals, cases: readonly Draws[]): void {
  let checked = 0;
  for (const { seed, lengths, values } of cases) {
    const fillNormals = createNormals(seed);
    const expected = floats(values);
    let at = 0;
    for (const length of lengths) {
      const drawn = new Float32Array(length);
      fillNormals(drawn);
      assertClose(drawn, expected.subarray(at, at + length), 1e-6);
      at += length;
    }
    assert.equal(at, expected.length);
    checked += at;
  }
  assert.ok(checked >= 10_000);
}

function drawn(rng: RandomAlgorithm, seed: number, length: number): number[] {
  return [...createNoiseSource({ rng, seed, length }).normal()];
}

test("10,000 normals of torch's CPU generator, short and long draws, tails and seeds beyond 32 bits", () => {
  assertDraws(createTorchCpuNormals, oracle.torchCpu);
});

test("10,000 normals of A1111's Philox generator over successive draws and seeds beyond 32 bits", () => {
  assertDraws(createPhiloxNormals, oracle.philox);
});

test("the first words of NumPy's SeedSequence with a pool of 24", () => {
  for (const { entropy, spawnKey, word } of oracle.seedSequence)
    assert.equal(firstSeedWord(entropy, spawnKey, 24), word, `${entropy} [${spawnKey}]`);
});

test("Brownian increments of torchsde's tree at falling, rising, far and near sigmas", () => {
  for (const { seed, low, high, queries, values } of oracle.brownian) {
    const expected = floats(values);
    const length = expected.length / queries.length;
    const increment = createNoiseSource({ rng: 'torch-cpu', seed, length }).brownian(low, high);
    for (const [i, [from, to]] of queries.entries()) {
      // Over one millionth the increment itself is 1e-3 and its float32 error is divided by as much.
      const tolerance = Math.abs(from - to) < 1e-4 ? 1e-3 : 5e-6;
      assertClose(increment(from, to), expected.subarray(i * length, (i + 1) * length), tolerance);
    }
  }
});

test('the first normals published for torch and for CUDA', () => {
  // Values printed in PyTorch issues and documentation, and in the docstring of A1111's
  // modules/rng_philox.py.
  const published: [RandomAlgorithm, number, number, number[], number][] = [
    ['torch-cpu', 0, 5, [1.541, -0.2934, -2.1788, 0.5684, -1.0845], 5e-5],
    ['torch-cpu', 0, 16, [-1.12584, -1.15236, -0.25058, -0.43388, 0.84871, 0.69201], 5e-6],
    ['torch-cpu', 42, 16, [1.92692, 1.48728, 0.90072, -2.10552, 0.67842, -1.23454], 1e-5],
    ['torch-cpu', 0, 20, [-1.12584, -1.15236, -0.25058, -0.43388, 0.59884, -1.5551], 5e-6],
    [
      'philox',
      0,
      12,
      [
        -0.92466259, -0.42534415, -2.6438457, 0.14518388, -0.12086647, -0.57972564, -0.62285122, -0.32838709,
        -1.07454231, -0.36314407, -1.67105067, 2.26550497,
      ],
      1e-6,
    ],
  ];
  for (const [rng, seed, length, expected, tolerance] of published) {
    const values = Float32Array.from(drawn(rng, seed, length).slice(0, expected.length));
    assertClose(values, Float32Array.from(expected), tolerance);
  }
});

test('torch uses the seed modulo 2^32, Philox all of its bits', () => {
  assert.deepEqual(drawn('torch-cpu', 2 ** 32 + 7, 64), drawn('torch-cpu', 7, 64));
  assert.notDeepEqual(drawn('philox', 2 ** 32 + 7, 64), drawn('philox', 7, 64));
});

for (const rng of ['philox', 'torch-cpu'] as const) {
  test(`${rng}: draws are standard normals`, () => {
    const values = drawn(rng, 12345, 65536);
    const mean = values.reduce((sum, value) => sum + value) / values.length;
    const variance = values.reduce((sum, value) => sum + (value - mean) ** 2) / values.length;
    assert.ok(Math.abs(mean) < 4 / 256, `mean ${mean}`);
    assert.ok(Math.abs(variance - 1) < (4 * Math.SQRT2) / 256, `variance ${variance}`);
  });

  test(`${rng}: a Brownian path neither uses nor disturbs the sample's own draws`, () => {
    const plain = createNoiseSource({ rng, seed: 5, length: 32 });
    const disturbed = createNoiseSource({ rng, seed: 5, length: 32 });
    assert.deepEqual(disturbed.normal(), plain.normal());
    disturbed.brownian(0.03, 14)(3, 2);
    assert.deepEqual(disturbed.normal(), plain.normal());
  });

  test(`${rng}: an increment is the same whatever was asked before, and increments add up`, () => {
    const source = createNoiseSource({ rng, seed: 5, length: 32 });
    const path = source.brownian(0.03, 14);
    const fresh = source.brownian(0.03, 14);
    for (const sigma of [9, 0.2, 11, 0.5, 0.03]) path(sigma, sigma / 2);
    assert.deepEqual(path(4, 2), fresh(4, 2));
    const [first, second, whole] = [path(4, 3), path(3, 2), path(4, 2)];
    const sum = first.map((value, i) => (value + second[i]!) / Math.SQRT2);
    assertClose(sum, whole, 1e-5);
  });
}

test('a seed or length that cannot be is refused with its value', () => {
  for (const seed of [-1, 1.5, 2 ** 53, Number.NaN])
    assert.throws(() => createNoiseSource({ rng: 'philox', seed, length: 4 }), new RegExp(`seed.*${seed}`));
  assert.throws(() => createNoiseSource({ rng: 'philox', seed: 1, length: 0 }), /length.*0/);
  const source = createNoiseSource({ rng: 'philox', seed: 1, length: 4 });
  assert.throws(() => source.brownian(0, 3), /0 and 3/);
  assert.throws(() => source.brownian(3, 3), /3 and 3/);
});
