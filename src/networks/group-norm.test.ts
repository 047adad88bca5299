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

const folder = mkdtempSync(path.join(tmpdir(), 'group-norm-'));
after(() => rmSync(folder, { recursive: true }));

const channels = 8;
const groups = 2;
const epsilon = 1e-6;
const gamma = Float32Array.from({ length: channels }, (_, channel) => 1 + channel / 10);
const beta = Float32Array.from({ length: channels }, (_, channel) => channel / 20 - 0.2);

/** A smooth map far from zero, the worst for sums: every value of a group lies on one side. */
function smoothMap(batch: number, height: number, width: number): Float32Array {
  return Float32Array.from({ length: batch * channels * height * width }, (_, index) => {
    const [x, row] = [index % width, Math.floor(index / width)];
    const plane = Math.floor(row / height);
    return 4 + 0.3 * plane + Math.sin((2 * (row % height)) / height + (1.5 * x) / width + plane);
  });
}

/** Wu & He 2018, "Group Normalization", eq. 1 and 6, in float64. */
function reference(map: Float32Array, area: number): Float32Array {
  const result = new Float32Array(map.length);
  const length = (channels / groups) * area;
  for (let begin = 0; begin < map.length; begin += length) {
    const group = map.subarray(begin, begin + length);
    const mean = group.reduce((sum, value) => sum + value, 0) / length;
    const variance = group.reduce((sum, value) => sum + (value - mean) ** 2, 0) / length;
    const deviation = Math.sqrt(variance + epsilon);
    for (let i = 0; i < length; i++) {
      const channel = Math.floor((begin + i) / area) % channels;
      result[begin + i] = ((group[i]! - mean) / deviation) * gamma[channel]! + beta[channel]!;
    }
  }
  return result;
}

async function portableGroupNorm(map: Float32Array, shape: readonly number[]): Promise<Float32Array> {
  const file = path.join(folder, `${shape.join('x')}.safetensors`);
  const source = (name: string, values: Float32Array) =>
    ({
      name,
      dtype: 'F32',
      shape: [channels],
      bytes: () => [new Uint8Array(values.buffer)],
    }) as const;
  await writeSafetensors(file, [source('norm.weight', gamma), source('norm.bias', beta)]);
  const { tensors } = await readSafetensorsHeader(file);
  const graph = graphBuilder('group-norm');
  const ports = ['batch', channels, 'height', 'width'] as const;
  const input = graph.input('map', 'float32', [...ports]);
  const layers = portableLayers(graph);
  graph.output('result', layers.groupNorm('norm', input, channels, { groups, epsilon, precise: true }), [
    ...ports,
  ]);
  const common = { name: 'norm', directory: folder, configFile: '', className: '', config: {} };
  const placed = placeWeights(graph.finish(), { ...common, tensors });
  const { result } = await run(placed.model, placed.folder, { map: { data: map, shape: [...shape] } });
  return result!;
}

for (const [batch, height, width] of [
  [1, 1024, 1024],
  [2, 96, 33],
  [1, 1, 7],
] as const)
  test(`a precise group norm on the CPU is within 1e-6 of float64 for ${batch} x ${height} x ${width}`, async () => {
    const map = smoothMap(batch, height, width);
    const actual = await portableGroupNorm(map, [batch, channels, height, width]);
    const difference = relativeDifference(actual, reference(map, height * width));
    assert.ok(difference < 1e-6, `differs by ${difference}`);
  });
