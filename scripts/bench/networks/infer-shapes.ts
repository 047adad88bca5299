import type { NetworkGraph } from '../../../src/graphs/graph.ts';
import type { Attribute, Node } from '../../../src/onnx/onnx-proto.ts';

export type Shape = readonly number[];

/**
 * What is known of a value before the graph runs; `numbers` where it is computed from shapes and constants
 * alone.
 */
export interface KnownValue {
  readonly shape: Shape;
  readonly numbers?: readonly number[];
}

/**
 * The shape of every value of a graph in the portable flavour, once those of its inputs are given.
 * @throws Error naming an input without a shape, or an operator whose result's shape is not known here.
 */
export function inferValues(
  graph: NetworkGraph,
  inputs: Readonly<Record<string, Shape>>,
): ReadonlyMap<string, KnownValue> {
  const values = new Map<string, KnownValue>();
  for (const { name } of graph.inputs) {
    const shape = inputs[name];
    if (shape === undefined) throw new Error(`${graph.name}: the shape of the input ${name} is not given`);
    values.set(name, { shape });
  }
  for (const { key, shape } of graph.weights) values.set(key, { shape });
  for (const { name, dataType, shape, data } of graph.constants) {
    if (!(data instanceof Uint8Array)) throw new Error(`${graph.name}: the constant ${name} lies in a file`);
    const bytes = data.slice().buffer;
    const numbers = dataType === 'int64' ? new BigInt64Array(bytes) : new Float32Array(bytes);
    values.set(name, { shape, numbers: Array.from<number | bigint, number>(numbers, Number) });
  }
  for (const node of graph.nodes) {
    const rule = rules[node.op];
    if (rule === undefined)
      throw new Error(`${graph.name}: ${node.name}: the shape that ${node.op} gives is not known`);
    const operands = node.inputs.map((name) => (name === '' ? absent : values.get(name)!));
    for (const [index, value] of rule(operands, node).entries()) values.set(node.outputs[index]!, value);
  }
  return values;
}

const absent: KnownValue = { shape: [] };

type Rule = (inputs: readonly KnownValue[], node: Node) => KnownValue[];

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
  const side = ({ shape }: KnownValue, axis: number) => shape[axis - rank + shape.length] ?? 1;
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

const conv: Rule = ([x, weight], { attributes }) => {
  const [batch, , ...sides] = x!.shape;
  const [outChannels, , ...kernel] = weight!.shape;
  const pads = integers(attributes.pads);
  const strides = integers(attributes.strides);
  const moved = sides.map((side, axis) =>
    Math.floor((side + pads[axis]! + pads[axis + 2]! - kernel[axis]!) / strides[axis]! + 1),
  );
  return [{ shape: [batch!, outChannels!, ...moved] }];
};

const rules: Readonly<Record<string, Rule>> = {
  Add: broadcast,
  Mul: broadcast,
  Sub: broadcast,
  ...Object.fromEntries(
    [
      'Cos',
      'Gelu',
      'Identity',
      'InstanceNormalization',
      'LayerNormalization',
      'QuickGelu',
      'Reciprocal',
      'Sin',
      'Sqrt',
    ].map((op) => [op, same]),
  ),
  MultiHeadAttention: same,
  Reshape: reshape,
  Concat: concat,
  Split: split,
  Conv: conv,
  FusedMatMul: ([x, weight]) => [{ shape: [...x!.shape.slice(0, -1), weight!.shape[0]!] }],
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
  // Rows of a table; the beginning of a table.
  Gather: ([table, indices]) => [{ shape: [...indices!.shape, ...table!.shape.slice(1)] }],
  Slice: ([table, , ends]) => [{ shape: [ends!.numbers![0]!, ...table!.shape.slice(1)] }],
  // One state of each row, batch_dims 1.
  GatherND: ([states]) => [{ shape: [states!.shape[0]!, ...states!.shape.slice(2)] }],
};
