import { type Attribute, type DataType, dataTypes, type Node } from '../onnx/onnx-proto.ts';
import type { NetworkGraph } from './graph.ts';

export type Shape = readonly number[];

interface Known {
  readonly shape: Shape;
  /** Where it is computed from shapes and constants alone. */
  readonly numbers?: readonly number[];
}

/** What is known of a value before the graph runs. */
export interface KnownValue extends Known {
  readonly dataType: DataType;
}

/**
 * Shape and element type of every value of a graph, of either flavour, once the shapes of its inputs are
 * given.
 * @throws Error naming an input without a shape, or an operator whose result's shape is not known here.
 */
export function inferValues(
  graph: NetworkGraph,
  inputs: Readonly<Record<string, Shape>>,
): ReadonlyMap<string, KnownValue> {
  const values = new Map<string, KnownValue>();
  for (const { name, dataType } of graph.inputs) {
    const shape = inputs[name];
    if (shape === undefined) throw new Error(`${graph.name}: the shape of the input ${name} is not given`);
    values.set(name, { shape, dataType });
  }
  for (const { key, shape, precision } of graph.weights) values.set(key, { shape, dataType: precision });
  for (const { name, dataType, shape, data } of graph.constants) {
    if (!(data instanceof Uint8Array)) throw new Error(`${graph.name}: the constant ${name} lies in a file`);
    const bytes = data.slice().buffer;
    const numbers = dataType === 'int64' ? new BigInt64Array(bytes) : new Float32Array(bytes);
    values.set(name, { shape, dataType, numbers: Array.from<number | bigint, number>(numbers, Number) });
  }
  for (const node of graph.nodes) {
    const rule = rules[node.op];
    if (rule === undefined)
      throw new Error(`${graph.name}: ${node.name}: the shape that ${node.op} gives is not known`);
    const operands = node.inputs.map((name) => (name === '' ? absent : values.get(name)!));
    for (const [index, value] of rule(operands, node).entries())
      values.set(node.outputs[index]!, { ...value, dataType: typeOf(node, operands) });
  }
  return values;
}

const absent: KnownValue = { shape: [], dataType: 'float32' };

function typeOf({ op, attributes }: Node, [first, second]: readonly KnownValue[]): DataType {
  if (op === 'Shape') return 'int64';
  if (op === 'Equal') return 'bool';
  if (op === 'Where') return second!.dataType;
  if (op !== 'Cast') return first!.dataType;
  const wanted = integer(attributes.to, 0);
  return Object.entries(dataTypes).find(([, code]) => code === wanted)![0] as DataType;
}

type Rule = (inputs: readonly Known[], node: Node) => Known[];

const integer = (attribute: Attribute | undefined, otherwise: number): number =>
  attribute !== undefined && 'i' in attribute ? attribute.i : otherwise;
const integers = (attribute: Attribute | undefined): readonly number[] =>
  attribute !== undefined && 'ints' in attribute ? attribute.ints : [];
const size = (shape: Shape) => shape.reduce((product, side) => product * side, 1);
const axisOf = ({ attributes }: Node, { length }: Shape, otherwise = 0) => {
  const axis = integer(attributes.axis, otherwise);
  return axis < 0 ? axis + length : axis;
};

const same: Rule = ([x]) => [{ shape: x!.shape }];

const broadcast: Rule = ([a, b]) => {
  const rank = Math.max(a!.shape.length, b!.shape.length);
  const side = ({ shape }: Known, axis: number) => shape[axis - rank + shape.length] ?? 1;
  return [
    {
      shape: Array.from({ length: rank }, (_, axis) =>
        side(a!, axis) === 1 ? side(b!, axis) : side(a!, axis),
      ),
    },
  ];
};

const reshape: Rule = ([x, to]) => {
  const wanted = to!.numbers!.map((side, axis) => (side === 0 ? x!.shape[axis]! : side));
  const rest = size(x!.shape) / Math.abs(size(wanted));
  return [{ shape: wanted.map((side) => (side === -1 ? rest : side)) }];
};

const concat: Rule = (inputs, node) => {
  const shape = [...inputs[0]!.shape];
  const axis = axisOf(node, shape);
  shape[axis] = inputs.reduce((sum, input) => sum + input.shape[axis]!, 0);
  const known = inputs.every(({ numbers }) => numbers !== undefined);
  return [known ? { shape, numbers: inputs.flatMap(({ numbers }) => numbers!) } : { shape }];
};

const split: Rule = ([x], node) => {
  const axis = axisOf(node, x!.shape);
  const count = integer(node.attributes.num_outputs, 1);
  return node.outputs.map(() => ({ shape: x!.shape.with(axis, x!.shape[axis]! / count) }));
};

const convolved = (sides: Shape, kernel: Shape, { attributes }: Node): Shape => {
  const pads = integers(attributes.pads);
  const strides = integers(attributes.strides);
  return sides.map((side, axis) =>
    Math.floor((side + pads[axis]! + pads[axis + 2]! - kernel[axis]!) / strides[axis]! + 1),
  );
};

const conv: Rule = ([x, weight], node) => {
  const [batch, , ...sides] = x!.shape;
  const [outChannels, , ...kernel] = weight!.shape;
  return [{ shape: [batch!, outChannels!, ...convolved(sides, kernel, node)] }];
};

/** Feature maps [batch, height, width, channels], weights [out, height, width, in]. */
const nhwcConv: Rule = ([x, weight], node) => {
  const [batch, height, width] = x!.shape;
  const [outChannels, ...kernel] = weight!.shape;
  return [{ shape: [batch!, ...convolved([height!, width!], kernel.slice(0, 2), node), outChannels!] }];
};

const product: Rule = ([a, b], { attributes }) => {
  const turned = ({ shape }: Known, name: string): Shape =>
    integer(attributes[name], 0) === 1 ? [...shape.slice(0, -2), shape.at(-1)!, shape.at(-2)!] : shape;
  const [left, right] = [turned(a!, 'transA'), turned(b!, 'transB')];
  const batch = broadcast([{ shape: left.slice(0, -2) }, { shape: right.slice(0, -2) }], {} as Node)[0]!;
  return [{ shape: [...batch.shape, left.at(-2)!, right.at(-1)!] }];
};

const pad: Rule = ([x, pads]) => {
  const { numbers } = pads!;
  const rank = x!.shape.length;
  return [{ shape: x!.shape.map((side, axis) => side + numbers![axis]! + numbers![axis + rank]!) }];
};

const slice: Rule = ([x, starts, ends, axes]) => {
  const shape = [...x!.shape];
  for (const [index, end] of ends!.numbers!.entries()) {
    const axis = axes?.numbers?.[index] ?? index;
    shape[axis] = Math.min(end, shape[axis]!) - starts!.numbers![index]!;
  }
  return [{ shape }];
};

/** Both the normalised values and the sum that they were made of, as do the norms with a skip connection. */
const sameEach: Rule = ([x], { outputs }) => outputs.map(() => ({ shape: x!.shape }));

const rules: Readonly<Record<string, Rule>> = {
  Add: broadcast,
  Mul: broadcast,
  Sub: broadcast,
  Div: broadcast,
  Equal: broadcast,
  ...Object.fromEntries(
    [
      'BiasAdd',
      'Cast',
      'Cos',
      'Gelu',
      'GroupNorm',
      'Identity',
      'InstanceNormalization',
      'LayerNormalization',
      'QuickGelu',
      'Reciprocal',
      'Relu',
      'Sin',
      'Sqrt',
    ].map((op) => [op, same]),
  ),
  MultiHeadAttention: same,
  SkipGroupNorm: sameEach,
  SkipLayerNormalization: sameEach,
  // Half of the channels, times the other half's activation.
  BiasSplitGelu: ([x]) => [{ shape: x!.shape.with(-1, x!.shape.at(-1)! / 2) }],
  Reshape: reshape,
  Concat: concat,
  Split: split,
  Conv: conv,
  NhwcConv: nhwcConv,
  Pad: pad,
  FusedMatMul: product,
  Transpose: ([x], { attributes }) => [{ shape: integers(attributes.perm).map((axis) => x!.shape[axis]!) }],
  Shape: ([x], { attributes: { start, end } }) => {
    const numbers = x!.shape.slice(integer(start, 0), integer(end, x!.shape.length));
    return [{ shape: [numbers.length], numbers }];
  },
  ReduceMean: ([x, axes]) => [
    { shape: axes!.numbers!.reduce((shape, axis) => shape.with(axis, 1), [...x!.shape]) },
  ],
  Expand: ([x, to]) => broadcast([x!, { shape: to!.numbers! }], {} as Node),
  Unsqueeze: ([x, axes]) => {
    const shape = [...x!.shape];
    for (const axis of axes!.numbers!) shape.splice(axis, 0, 1);
    return [{ shape }];
  },
  Resize: ([x, , scales, sizes]) => [
    { shape: sizes?.numbers ?? x!.shape.map((side, axis) => side * scales!.numbers![axis]!) },
  ],
  Where: ([where, then, otherwise]) =>
    broadcast([where!, broadcast([then!, otherwise!], {} as Node)[0]!], {} as Node),
  // Rows of a table.
  Gather: ([table, indices]) => [{ shape: [...indices!.shape, ...table!.shape.slice(1)] }],
  Slice: slice,
  // One state of each row, batch_dims 1.
  GatherND: ([states]) => [{ shape: [states!.shape[0]!, ...states!.shape.slice(2)] }],
};
