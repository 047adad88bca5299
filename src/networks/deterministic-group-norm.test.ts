import assert from 'node:assert/strict';
import { test } from 'node:test';
import { deterministicGroupNorms } from '../graphs/deterministic-group-norm.ts';
import { graphBuilder, type Precision } from '../graphs/graph.ts';
import { groupNorm } from '../graphs/testing/fused-operators.ts';
import { createPhiloxNormals } from '../numerics/philox-normals.ts';
import { relativeDifference, run } from './testing/run-expanded.ts';

/*
 * Products of float16 on the CPU are computed as a GPU does: added in float32, rounded once. The reference
 * computes in float64 on the same rounded values.
 */

const groups = 4;
const epsilon = 1e-5;

interface Case {
  readonly shape: readonly [batch: number, height: number, width: number, channels: number];
  readonly mean: number;
  readonly deviation: number;
  readonly halvings?: number;
}

async function difference(
  { shape, mean, deviation, halvings = 0 }: Case,
  precision: Precision,
): Promise<number> {
  const [, , , channels] = shape;
  const normals = new Float32Array(shape.reduce((product, side) => product * side, 1));
  createPhiloxNormals(7)(normals);
  // Each channel has a level and a spread of its own.
  const data = normals.map((value, index) => {
    const channel = index % channels;
    return mean + deviation * (value * (0.5 + channel / channels) + Math.sin(channel));
  });
  const gamma = Float32Array.from({ length: channels }, (_, channel) => 1 + channel / 10);
  const beta = Float32Array.from({ length: channels }, (_, channel) => channel / 20 - 0.2);

  const graph = graphBuilder('group-norm');
  const cast = (value: string, to: number) => graph.node('cast', 'Cast', [value], { to: { i: to } });
  const input = graph.input('map', 'float32', ['batch', 'height', 'width', channels]);
  const map = precision === 'float16' ? cast(input, 10) : input;
  const normal = deterministicGroupNorms(graph, precision)('norm', map, {
    ...{ channels, groups, epsilon, halvings },
    gamma: graph.floats(gamma, [channels]),
    beta: graph.floats(beta, [channels]),
  });
  graph.output('rounded', cast(map, 1), ['batch', 'height', 'width', channels]);
  graph.output('normal', cast(normal, 1), ['batch', 'height', 'width', channels]);
  const { constants, ...model } = graph.finish();
  const made = await run({ ...model, initializers: constants }, '.', { map: { data, shape: [...shape] } });
  const numbers = (values: Float32Array, of: readonly number[]) => ({ data: values, shape: of });
  const expected = groupNorm(
    numbers(made.rounded!, shape),
    numbers(gamma, [channels]),
    numbers(beta, [channels]),
    {
      ...{ groups, epsilon, silu: false },
    },
  );
  return relativeDifference(made.normal!, expected.data);
}

const small = [2, 12, 9, 16] as const;

for (const mean of [0, 10, 50, 200, -50])
  test(`a mean of ${mean} deviations costs the deterministic group norm no accuracy`, async (t) => {
    const half = await difference({ shape: small, mean, deviation: 1 }, 'float16');
    const full = await difference({ shape: small, mean, deviation: 1 }, 'float32');
    t.diagnostic(`float16 ${half.toExponential(1)}, float32 ${full.toExponential(1)}`);
    // float16's own rounding is 4.9e-4 of a value.
    assert.ok(half < 5e-4, `float16 differs by ${half}`);
    assert.ok(full < 2e-5, `float32 differs by ${full}`);
  });

for (const [what, one] of [
  ['at SDXL’s size, 128 x 128', { shape: [1, 128, 128, 16], mean: 3, deviation: 1 }],
  ['where its sums would overflow', { shape: [1, 128, 128, 16], mean: 100, deviation: 60 }],
  ['where its squares are small', { shape: small, mean: 0.1, deviation: 0.02, halvings: 3 }],
  ['of one pixel', { shape: [1, 1, 1, 16], mean: 1, deviation: 1 }],
] as const satisfies readonly (readonly [string, Case])[])
  test(`a deterministic group norm is accurate ${what}`, async (t) => {
    const half = await difference(one, 'float16');
    t.diagnostic(`float16 ${half.toExponential(1)}`);
    assert.ok(half < 5e-4, `float16 differs by ${half}`);
  });
