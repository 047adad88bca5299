import assert from 'node:assert/strict';
import { test } from 'node:test';
import { publishedBase } from '../checkpoints/configs/published-configs.ts';
import { parseUnetConfig } from '../checkpoints/configs/unet-config.ts';
import type { JsonObject } from '../checkpoints/json-file.ts';
import { portableLayers } from './portable-layers.ts';
import { separateSteady } from './steady-graph.ts';
import { unetGraph } from './unet.ts';

const config = parseUnetConfig(publishedBase.unet as JsonObject, 'base');
const graph = unetGraph(config, portableLayers, { pooledWidth: 1280, timeIdCount: 6 });

test('of a UNet, the keys and values of every cross-attention depend on the prompt alone', () => {
  const { steady, changing } = separateSteady(graph, ['encoder_hidden_states'])!;
  // 70 transformer blocks: 2 x 2 at 640 channels, 2 x 10 at 1280 on the way down, 10 in the middle, 3 x 10
  // and 3 x 2 on the way up.
  const projections = graph.weights.map(({ key }) => key).filter((key) => /attn2\.to_[kv]\.weight/.test(key));
  assert.equal(projections.length, 140);
  assert.deepEqual(
    steady.weights.map(({ key }) => key),
    projections,
  );
  assert.deepEqual(
    steady.inputs.map(({ name }) => name),
    ['encoder_hidden_states'],
  );
  const made = steady.outputs.map(({ name }) => name);
  assert.deepEqual(
    changing.inputs.slice(-140).map(({ name }) => name),
    made,
  );
  assert.ok(!changing.inputs.some(({ name }) => name === 'encoder_hidden_states'));
  assert.deepEqual(changing.outputs, graph.outputs);
});

test('every node and every weight of the graph is in one of the two parts', () => {
  const { steady, changing } = separateSteady(graph, ['encoder_hidden_states'])!;
  assert.equal(steady.nodes.length + changing.nodes.length, graph.nodes.length);
  assert.equal(steady.weights.length + changing.weights.length, graph.weights.length);
});

test('a graph without the input, or where nothing depends on it alone, stays whole', () => {
  assert.equal(separateSteady(graph, ['prompt']), undefined);
  const { changing } = separateSteady(graph, ['encoder_hidden_states'])!;
  assert.equal(separateSteady(changing, ['encoder_hidden_states']), undefined);
});
