import type { Attribute, Model } from '../../onnx/onnx-proto.ts';
import { graphBuilder } from '../graph.ts';
import {
  biasAdd,
  biasSplitGelu,
  groupNorm,
  multiHeadAttention,
  type Numbers,
  nhwcConv,
  skipGroupNorm,
  skipLayerNormalization,
} from './fused-operators.ts';

/** One operator on random inputs, and what it must give. */
export interface OperatorCase {
  readonly title: string;
  readonly op: string;
  readonly inputs: Readonly<Record<string, readonly number[]>>;
  /** Those of the inputs that CUDA has the kernel for only where they are constants of the graph. */
  readonly constants?: readonly string[];
  readonly attributes: Readonly<Record<string, Attribute>>;
  readonly results: readonly string[];
  expected(inputs: Readonly<Record<string, Numbers>>): Numbers[];
}

const normAttributes = (silu: boolean) => ({
  groups: { i: 4 },
  epsilon: { f: 1e-2 },
  activation: { i: silu ? 1 : 0 },
  channels_last: { i: 1 },
});
const norm = { groups: 4, epsilon: 1e-2 } as const;
const convAttributes = (kernel: number, stride: number, pad: number) => ({
  kernel_shape: { ints: [kernel, kernel] },
  strides: { ints: [stride, stride] },
  pads: { ints: [pad, pad, pad, pad] },
  dilations: { ints: [1, 1] },
  group: { i: 1 },
});
const scales = { gamma: [24], beta: [24] };
const map = [2, 3, 5, 24];

export const operatorCases: readonly OperatorCase[] = [
  {
    title: 'BiasAdd',
    op: 'BiasAdd',
    inputs: { x: [2, 3, 320], bias: [320], skip: [2, 3, 320] },
    attributes: {},
    results: ['y'],
    expected: ({ x, bias, skip }) => [biasAdd(x!, bias!, skip!)],
  },
  {
    title: 'BiasSplitGelu',
    op: 'BiasSplitGelu',
    inputs: { x: [2, 3, 2560], bias: [2560] },
    attributes: {},
    results: ['y'],
    expected: ({ x, bias }) => [biasSplitGelu(x!, bias!)],
  },
  {
    title: 'GroupNorm',
    op: 'GroupNorm',
    inputs: { x: map, ...scales },
    attributes: normAttributes(false),
    results: ['y'],
    expected: ({ x, gamma, beta }) => [groupNorm(x!, gamma!, beta!, { ...norm, silu: false })],
  },
  {
    title: 'GroupNorm with SiLU',
    op: 'GroupNorm',
    inputs: { x: map, ...scales },
    attributes: normAttributes(true),
    results: ['y'],
    expected: ({ x, gamma, beta }) => [groupNorm(x!, gamma!, beta!, { ...norm, silu: true })],
  },
  {
    title: 'SkipGroupNorm of two feature maps',
    op: 'SkipGroupNorm',
    inputs: { x: map, ...scales, skip: map },
    attributes: normAttributes(false),
    results: ['y', 'sum'],
    expected: ({ x, gamma, beta, skip }) =>
      skipGroupNorm(x!, gamma!, beta!, skip!, undefined, { ...norm, silu: false }),
  },
  {
    title: 'SkipGroupNorm of one number per sample and channel, with bias and SiLU',
    op: 'SkipGroupNorm',
    inputs: { x: map, ...scales, skip: [2, 24], bias: [24] },
    attributes: normAttributes(true),
    results: ['y', 'sum'],
    expected: ({ x, gamma, beta, skip, bias }) =>
      skipGroupNorm(x!, gamma!, beta!, skip!, bias!, { ...norm, silu: true }),
  },
  {
    title: 'NhwcConv',
    op: 'NhwcConv',
    inputs: { x: [2, 7, 6, 5], weight: [4, 3, 3, 5], bias: [4] },
    constants: ['weight'],
    attributes: convAttributes(3, 1, 1),
    results: ['y'],
    expected: ({ x, weight, bias }) => [nhwcConv(x!, weight!, bias!, 1, 1)],
  },
  {
    title: 'NhwcConv with stride and without bias',
    op: 'NhwcConv',
    inputs: { x: [1, 7, 8, 5], weight: [4, 3, 3, 5] },
    constants: ['weight'],
    attributes: convAttributes(3, 2, 1),
    results: ['y'],
    expected: ({ x, weight }) => [nhwcConv(x!, weight!, undefined, 2, 1)],
  },
  {
    title: 'SkipLayerNormalization with bias',
    op: 'SkipLayerNormalization',
    inputs: { x: [2, 3, 24], skip: [2, 3, 24], ...scales, bias: [24] },
    attributes: { epsilon: { f: 1e-2 } },
    results: ['y', '', '', 'sum'],
    expected: ({ x, skip, gamma, beta, bias }) =>
      skipLayerNormalization(x!, skip!, gamma!, beta!, bias!, 1e-2),
  },
  {
    title: 'MultiHeadAttention to other tokens',
    op: 'MultiHeadAttention',
    inputs: { query: [2, 5, 24], key: [2, 7, 24], value: [2, 7, 24] },
    attributes: { num_heads: { i: 3 } },
    results: ['y'],
    expected: ({ query, key, value }) => [multiHeadAttention(query!, key!, value!, 3, false)],
  },
  {
    title: 'MultiHeadAttention that is causal',
    op: 'MultiHeadAttention',
    inputs: { query: [2, 6, 24], key: [2, 6, 24], value: [2, 6, 24] },
    attributes: { num_heads: { i: 4 }, unidirectional: { i: 1 } },
    results: ['y'],
    expected: ({ query, key, value }) => [multiHeadAttention(query!, key!, value!, 4, true)],
  },
];

/** A case's operator alone in a graph, and what is fed to it. */
export interface OperatorWork {
  /** Its inputs and outputs by the case's names. */
  readonly model: Model;
  readonly feeds: Readonly<Record<string, Numbers>>;
}

/** @param values of all the case's inputs; those that are constants go into the model. */
export function operatorWork(
  { op, constants = [], attributes, results }: OperatorCase,
  values: Readonly<Record<string, Numbers>>,
): OperatorWork {
  const graph = graphBuilder('operator');
  const operands = Object.entries(values).map(([name, { data, shape }]) =>
    constants.includes(name) ? graph.floats(data, shape) : graph.input(name, 'float32', shape),
  );
  const wanted = results.length === 1 ? 1 : results;
  const made = graph.nodes('operator', `com.microsoft.${op}`, operands, wanted, attributes);
  // Every one of them keeps the rank of its first input.
  const shape = Object.values(values)[0]!.shape.map(() => null);
  for (const [index, name] of results.entries()) if (name !== '') graph.output(name, made[index]!, shape);
  const { constants: initializers, ...model } = graph.finish();
  const feeds = Object.fromEntries(Object.entries(values).filter(([name]) => !constants.includes(name)));
  return { model: { ...model, initializers }, feeds };
}
