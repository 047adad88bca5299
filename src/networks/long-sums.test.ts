import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import { readSafetensorsHeader } from '../checkpoints/safetensors/safetensors.ts';
import { writeSafetensors } from '../checkpoints/safetensors/write-safetensors.ts';
import { graphBuilder } from '../graphs/graph.ts';
import { placeWeights } from '../graphs/place-weights.ts';
import { portableLayers } from '../graphs/portable-layers.ts';
import { relativeDifference, run } from './testing/run-expanded.ts';

// The sums in float32 that grow with the picture or the width, besides group norm's (group-norm.test.ts):
// those of softmax over the tokens of a map, and mean and variance of layer norm.

const folder = mkdtempSync(path.join(tmpdir(), 'long-sums-'));
after(() => rmSync(folder, { recursive: true }));

type Graph = ReturnType<typeof graphBuilder>;

/** Runs a graph of a few weights once on the CPU. */
async function runWith(
  graph: Graph,
  weights: Readonly<Record<string, { readonly shape: number[]; readonly values: Float32Array }>>,
  inputs: Readonly<Record<string, { readonly data: Float32Array; readonly shape: number[] }>>,
): Promise<Float32Array> {
  const file = path.join(mkdtempSync(path.join(folder, 'weights-')), 'weights.safetensors');
  const sources = Object.entries(weights).map(
    ([name, { shape, values }]) =>
      ({ name, dtype: 'F32', shape, bytes: () => [new Uint8Array(values.buffer)] }) as const,
  );
  await writeSafetensors(file, sources);
  const { tensors } = await readSafetensorsHeader(file);
  const common = { name: 'sums', directory: folder, configFile: '', className: '', config: {} };
  const placed = placeWeights(graph.finish(), { ...common, tensors });
  const { result } = await run(placed.model, placed.folder, inputs);
  return result!;
}

const width = 8;
const queries = 4;

/** Vaswani et al. 2017, "Attention Is All You Need", eq. 1, in float64. */
function attention(query: Float32Array, key: Float32Array, value: Float32Array): Float32Array {
  const row = (map: Float32Array, index: number) => map.subarray(index * width, (index + 1) * width);
  const tokens = key.length / width;
  const result = new Float32Array(query.length);
  for (let q = 0; q < queries; q++) {
    const scores = Float64Array.from({ length: tokens }, (_, token) => {
      const k = row(key, token);
      return row(query, q).reduce((sum, each, channel) => sum + each * k[channel]!, 0) / Math.sqrt(width);
    });
    const most = scores.reduce((a, b) => Math.max(a, b));
    const shares = scores.map((score) => Math.exp(score - most));
    const total = shares.reduce((a, b) => a + b);
    for (let channel = 0; channel < width; channel++)
      result[q * width + channel] = shares.reduce(
        (sum, share, token) => sum + (share / total) * value[token * width + channel]!,
        0,
      );
  }
  return result;
}

for (const [tokens, where] of [
  [4096, "the UNet's first blocks at 1024x1024"],
  [16384, "the VAE's middle at 1024x1024"],
] as const)
  test(`attention over ${tokens} tokens (${where}) is within 1e-6 of float64`, async () => {
    const wave = (rows: number, step: number, mean: number) =>
      Float32Array.from({ length: rows * width }, (_, index) => mean + Math.sin(index * step + mean));
    const query = wave(queries, 0.37, 0);
    const key = wave(tokens, 0.002, 0.1);
    const value = wave(tokens, 0.0003, 3);
    const graph = graphBuilder('attention');
    const shape = (rows: number) => [1, rows, width];
    const input = (name: string, rows: number) => graph.input(name, 'float32', shape(rows));
    const layers = portableLayers(graph);
    const projected = layers.linear('identity', input('value', tokens), width, width, false);
    const operands = [input('query', queries), input('key', tokens), projected] as const;
    graph.output('result', layers.attention('attention', ...operands, 1), shape(queries));
    const identity = Float32Array.from({ length: width ** 2 }, (_, i) => Number(i % (width + 1) === 0));
    const actual = await runWith(
      graph,
      { 'identity.weight': { shape: [width, width], values: identity } },
      {
        query: { data: query, shape: shape(queries) },
        key: { data: key, shape: shape(tokens) },
        value: { data: value, shape: shape(tokens) },
      },
    );
    const difference = relativeDifference(actual, attention(query, key, value));
    assert.ok(difference < 1e-6, `differs by ${difference}`);
  });

for (const deviations of [0, 10, 200])
  test(`a layer norm of 1280 values whose mean is ${deviations} deviations is within 1e-5 of float64`, async () => {
    const [rows, length, epsilon] = [3, 1280, 1e-5];
    const values = Float32Array.from(
      { length: rows * length },
      (_, i) => deviations + Math.SQRT2 * Math.sin(i * i * 0.37 + i),
    );
    const graph = graphBuilder('layer-norm');
    const x = graph.input('x', 'float32', [rows, length]);
    graph.output('result', portableLayers(graph).layerNorm('norm', x, length, epsilon), [rows, length]);
    const actual = await runWith(
      graph,
      {
        'norm.weight': { shape: [length], values: new Float32Array(length).fill(1) },
        'norm.bias': { shape: [length], values: new Float32Array(length) },
      },
      { x: { data: values, shape: [rows, length] } },
    );
    // Ba, Kiros & Hinton 2016, "Layer Normalization", eq. 4.
    const expected = values.map((value, index) => {
      const start = index - (index % length);
      const row = values.subarray(start, start + length);
      const mean = row.reduce((sum, each) => sum + each, 0) / length;
      const variance = row.reduce((sum, each) => sum + (each - mean) ** 2, 0) / length;
      return (value - mean) / Math.sqrt(variance + epsilon);
    });
    const difference = relativeDifference(actual, expected);
    assert.ok(difference < 1e-5, `differs by ${difference}`);
  });
