import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseClipTextConfig } from '../checkpoints/configs/clip-text-config.ts';
import { publishedBase, publishedRefiner } from '../checkpoints/configs/published-configs.ts';
import { parseUnetConfig } from '../checkpoints/configs/unet-config.ts';
import { parseVaeConfig } from '../checkpoints/configs/vae-config.ts';
import type { JsonObject } from '../checkpoints/json-file.ts';
import { clipTextGraph } from './clip.ts';
import { cudaLayers } from './cuda-layers.ts';
import { isBiasAddWidth, isGroupNormWidth, isSplitGeluWidth } from './cuda-limits.ts';
import { graphBuilder, type NetworkGraph } from './graph.ts';
import { portableLayers } from './portable-layers.ts';
import { unetGraph } from './unet.ts';
import { vaeGraph } from './vae.ts';

const json = (value: unknown) => value as JsonObject;
const baseUnet = parseUnetConfig(json(publishedBase.unet), 'base');
const refinerUnet = parseUnetConfig(json(publishedRefiner.unet), 'refiner');
const vaeConfig = parseVaeConfig(json(publishedBase.vae), 'vae');
const clipConfig = parseClipTextConfig(json(publishedBase.textEncoders.text_encoder_2), 'text_encoder_2');
const conditions = { pooledWidth: 1280, timeIdCount: 6 };

const half = cudaLayers('float16');
const full = cudaLayers('float32');
const base = unetGraph(baseUnet, half, conditions);
const refiner = unetGraph(refinerUnet, half, { pooledWidth: 1280, timeIdCount: 5 });
const clip = clipTextGraph(clipConfig, half, true);
const encoder = vaeGraph(vaeConfig, 'encoder', full);
const decoder = vaeGraph(vaeConfig, 'decoder', full);
const all = { base, refiner, clip, encoder, decoder };

function counts({ nodes }: NetworkGraph, ...ops: string[]): Record<string, number> {
  return Object.fromEntries(ops.map((op) => [op, nodes.filter((node) => node.op === op).length]));
}

// 70 transformer blocks in 11 transformers, 17 resnets with 11 shortcuts, 2 changes of size each way: the
// published config's layers.
test('the base UNet in full size is fused throughout', () => {
  assert.deepEqual(
    counts(base, 'NhwcConv', 'Conv', 'MultiHeadAttention', 'BiasSplitGelu', 'BiasAdd', 'Split'),
    { NhwcConv: 51, Conv: 0, MultiHeadAttention: 140, BiasSplitGelu: 70, BiasAdd: 11, Split: 0 },
  );
  // Of 210 normalisations only the first of each transformer has no sum before it.
  assert.deepEqual(counts(base, 'SkipLayerNormalization', 'LayerNormalization'), {
    SkipLayerNormalization: 199,
    LayerNormalization: 11,
  });
  assert.deepEqual(counts(base, 'SkipGroupNorm', 'GroupNorm', 'ReduceMean', 'Transpose'), {
    SkipGroupNorm: 34,
    GroupNorm: 12,
    ReduceMean: 0,
    Transpose: 2,
  });
});

test("the refiner's widths go to plain operators where BiasSplitGelu and BiasAdd do not take them", () => {
  const { BiasSplitGelu, BiasAdd, Split, MultiHeadAttention, ReduceMean } = counts(
    ...([refiner, 'BiasSplitGelu', 'BiasAdd', 'Split', 'MultiHeadAttention', 'ReduceMean'] as const),
  );
  assert.deepEqual({ BiasSplitGelu, BiasAdd, ReduceMean }, { BiasSplitGelu: 0, BiasAdd: 0, ReduceMean: 0 });
  assert.equal(Split, MultiHeadAttention! / 2);
});

test('the VAE in full size has no normalisation or convolution that is not fused', () => {
  for (const graph of [encoder, decoder]) {
    const { Conv, ReduceMean, InstanceNormalization, Add } = counts(
      ...([graph, 'Conv', 'ReduceMean', 'InstanceNormalization', 'Add'] as const),
    );
    assert.deepEqual(
      { Conv, ReduceMean, InstanceNormalization },
      { Conv: 0, ReduceMean: 0, InstanceNormalization: 0 },
    );
    // The biases of the attention's three projections stay.
    assert.ok(Add! >= 3);
  }
});

for (const [name, graph] of Object.entries(all)) {
  test(`${name}: no node computes a size, which would put it on the CPU`, () => {
    const sizes = new Set(graph.nodes.filter(({ op }) => op === 'Shape').flatMap(({ outputs }) => outputs));
    for (const { op, inputs } of graph.nodes)
      for (const [index, value] of inputs.entries())
        if (sizes.has(value))
          assert.ok((op === 'Reshape' && index === 1) || (op === 'Slice' && index === 2), op);
  });

  test(`${name}: every fused operator gets a width its kernel takes`, () => {
    const shapes = new Map(graph.weights.map(({ key, shape }) => [key, shape]));
    const width = (value: string | undefined) => shapes.get(value!)![0]!;
    for (const { op, inputs, attributes } of graph.nodes) {
      if (op === 'BiasSplitGelu') assert.ok(isSplitGeluWidth(width(inputs[1])));
      if (op === 'BiasAdd') assert.ok(isBiasAddWidth(width(inputs[1])));
      if (op === 'GroupNorm' || op === 'SkipGroupNorm')
        assert.ok(isGroupNormWidth(width(inputs[1]), (attributes.groups as { i: number }).i));
    }
  });

  test(`${name}: a group normalisation is scaled in float32, everything else in the network's precision`, () => {
    const norms = graph.nodes.filter(({ op }) => op.endsWith('GroupNorm'));
    const scales = new Set(norms.flatMap(({ inputs }) => inputs.slice(1, 3)));
    const precision = name === 'encoder' || name === 'decoder' ? 'float32' : 'float16';
    for (const { key, precision: actual } of graph.weights)
      assert.equal(actual, scales.has(key) ? 'float32' : precision, key);
  });
}

test('both flavours have the same inputs, outputs and tensors', () => {
  const portable = unetGraph(baseUnet, portableLayers, conditions);
  assert.deepEqual(base.inputs, portable.inputs);
  assert.deepEqual(base.outputs, portable.outputs);
  assert.deepEqual(base.tensors, portable.tensors);
  assert.deepEqual(base.opsets, { '': 18, 'com.microsoft': 1 });
});

test('a convolution is wanted with its channels last, one over single pixels as its bytes stand', () => {
  const of = (key: string) => base.weights.find((weight) => weight.key === key)!;
  assert.deepEqual(of('conv_in.weight'), {
    key: 'conv_in.weight',
    stored: [320, 4, 3, 3],
    shape: [320, 3, 3, 4],
    precision: 'float16',
    channelsLast: true,
    scale: 1,
  });
  const shortcut = of('down_blocks.1.resnets.0.conv_shortcut.weight');
  assert.deepEqual([shortcut.shape, shortcut.channelsLast], [[640, 1, 1, 320], false]);
});

test('sizes that are given stand in the ports, the others stay free', () => {
  const fixed = unetGraph(baseUnet, half, conditions, { batch: 2, height: 128, width: 128 });
  assert.deepEqual(
    fixed.inputs.map(({ name, shape }) => [name, shape]),
    [
      ['sample', [2, 4, 128, 128]],
      ['encoder_hidden_states', [2, 'tokens', 2048]],
      ['timestep', [1]],
      ['text_embeds', [2, 1280]],
      ['time_ids', [2, 6]],
    ],
  );
  assert.deepEqual(fixed.outputs[0]!.shape, [2, 4, 128, 128]);
});

test('a sum that is read before its normalisation is still computed', () => {
  const graph = graphBuilder('early');
  const layers = full(graph);
  const tokens = graph.input('x', 'float32', [1, 4, 320]);
  const sum = layers.add('sum', layers.linear('linear', tokens, 320, 320), tokens);
  graph.output('early', sum, [1, 4, 320]);
  graph.output('normal', layers.layerNorm('norm', sum, 320, 1e-5), [1, 4, 320]);
  const ops = graph.finish().nodes.map(({ op }) => op);
  assert.deepEqual(ops, ['FusedMatMul', 'BiasAdd', 'Identity', 'SkipLayerNormalization', 'Identity']);
});
