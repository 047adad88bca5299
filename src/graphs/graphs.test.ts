import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseClipTextConfig } from '../checkpoints/configs/clip-text-config.ts';
import { publishedBase, publishedRefiner } from '../checkpoints/configs/published-configs.ts';
import { parseUnetConfig } from '../checkpoints/configs/unet-config.ts';
import { parseVaeConfig } from '../checkpoints/configs/vae-config.ts';
import type { JsonObject } from '../checkpoints/json-file.ts';
import { clipTextTensors } from '../checkpoints/synthetic/clip-text-tensors.ts';
import { unetTensors } from '../checkpoints/synthetic/unet-tensors.ts';
import { vaeTensors } from '../checkpoints/synthetic/vae-tensors.ts';
import { clipTextGraph } from './clip.ts';
import { graphBuilder } from './graph.ts';
import { portableLayers } from './portable-layers.ts';
import { splitGraph } from './split-graph.ts';
import { unetGraph } from './unet.ts';
import { vaeGraph } from './vae.ts';

type Shapes = ReadonlyMap<string, readonly number[]>;
const json = (value: unknown) => value as JsonObject;
const sorted = (shapes: Shapes) => [...shapes].sort(([a], [b]) => (a < b ? -1 : 1));
const parameters = (shapes: Shapes) =>
  [...shapes.values()].reduce((sum, shape) => sum + shape.reduce((product, side) => product * side, 1), 0);

const baseUnet = parseUnetConfig(json(publishedBase.unet), 'base');
const refinerUnet = parseUnetConfig(json(publishedRefiner.unet), 'refiner');
const vae = parseVaeConfig(json(publishedBase.vae), 'vae');
const baseGraph = unetGraph(baseUnet, portableLayers, { pooledWidth: 1280, timeIdCount: 6 });

// Sizes of the published files: total_parameters of the safetensors headers of
// stabilityai/stable-diffusion-xl-*-1.0.
test('the base UNet in full size has the published tensors, 2,567,463,684 parameters', () => {
  assert.deepEqual(sorted(baseGraph.tensors), sorted(unetTensors(baseUnet)));
  assert.equal(parameters(baseGraph.tensors), 2_567_463_684);
});

test('the refiner UNet in full size has the published tensors, about 2.26 billion parameters', () => {
  const { tensors } = unetGraph(refinerUnet, portableLayers, { pooledWidth: 1280, timeIdCount: 5 });
  assert.deepEqual(sorted(tensors), sorted(unetTensors(refinerUnet)));
  assert.equal(Math.round(parameters(tensors) / 1e5), 22_595);
});

test('both text encoders in full size have the published tensors, 123 and 695 million parameters', () => {
  for (const [name, hasProjection, count] of [
    ['text_encoder', false, 123_060_480],
    ['text_encoder_2', true, 694_659_840],
  ] as const) {
    const config = parseClipTextConfig(json(publishedBase.textEncoders[name]), name);
    const { tensors } = clipTextGraph(config, portableLayers, hasProjection);
    assert.deepEqual(sorted(tensors), sorted(clipTextTensors(config, hasProjection)));
    assert.equal(parameters(tensors), count);
  }
});

test('the VAE in full size has the published tensors, 83,653,863 parameters', () => {
  const halves = [vaeGraph(vae, 'encoder', portableLayers), vaeGraph(vae, 'decoder', portableLayers)];
  const tensors = new Map(halves.flatMap((half) => [...half.tensors]));
  assert.deepEqual(sorted(tensors), sorted(vaeTensors(vae)));
  assert.equal(parameters(tensors), 83_653_863);
});

test('an encoder without projection computes nothing behind its penultimate state but still knows those tensors', () => {
  const config = parseClipTextConfig(json(publishedBase.textEncoders.text_encoder), 'text_encoder');
  const graph = clipTextGraph(config, portableLayers, false);
  const last = /layers\.11\.|final_layer_norm/;
  assert.ok(graph.weights.every(({ key }) => !last.test(key)));
  assert.ok([...graph.tensors.keys()].some((key) => last.test(key)));
});

test('the base UNet is cut into two halves whose weights are about equal and each its own', () => {
  const [down, up, ...rest] = splitGraph(baseGraph);
  assert.deepEqual(rest, []);
  const size = (graph: typeof baseGraph) =>
    parameters(new Map(graph.weights.map(({ key, shape }) => [key, shape])));
  assert.equal(size(down!) + size(up!), 2_567_463_684);
  assert.ok(Math.abs(size(down!) / size(up!) - 1) < 0.15, `${size(down!)} and ${size(up!)}`);
  const crossing = new Set(down!.outputs.map(({ name }) => name));
  for (const { name } of up!.inputs) assert.ok(crossing.has(name) || name === 'encoder_hidden_states', name);
});

test('a value that crosses a boundary undeclared is an error', () => {
  const graph = graphBuilder('leaky');
  const first = graph.node('first', 'Neg', [graph.input('x', 'float32', [1])]);
  graph.boundary([]);
  graph.output('y', graph.node('second', 'Neg', [first]), [1]);
  assert.throws(
    () => splitGraph(graph.finish()),
    /leaky: first\/Neg crosses a boundary that does not name it/,
  );
});

test('what no output depends on is left out', () => {
  const graph = graphBuilder('pruned');
  const x = graph.input('x', 'float32', [2]);
  graph.node('unused', 'Mul', [x, graph.weight('unused.weight', [2])]);
  graph.output('y', graph.node('used', 'Add', [x, graph.weight('used.weight', [2])]), [2]);
  const { nodes, weights, tensors } = graph.finish();
  assert.deepEqual(
    nodes.map(({ op }) => op),
    ['Add', 'Identity'],
  );
  assert.deepEqual(
    weights.map(({ key }) => key),
    ['used.weight'],
  );
  assert.deepEqual([...tensors.keys()], ['unused.weight', 'used.weight']);
});
