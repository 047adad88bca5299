import type { Attribute, Initializer, Model, Node } from '../../onnx/onnx-proto.ts';
import type { Precision } from '../graph.ts';

/** com.microsoft operators of the cuda flavour that have a CUDA kernel but none for the CPU. */
export const withoutCpuKernel = [
  'NhwcConv',
  'GroupNorm',
  'SkipGroupNorm',
  'BiasAdd',
  'BiasSplitGelu',
] as const;

type Expanded = (typeof withoutCpuKernel)[number];

/**
 * The model with every operator that has no CPU kernel written out in standard ones (opset 18), everything
 * else untouched: what the tests run where there is no GPU. Names, topology, layouts and attributes are those
 * of the model.
 */
export function expandFused(model: Model, precision: Precision): Model {
  const constants = new Map<string, Initializer>();
  const nodes = model.nodes.flatMap((node) => {
    const expand = node.domain === 'com.microsoft' ? expansions[node.op as Expanded] : undefined;
    if (expand === undefined) return [node];
    const made: Node[] = [];
    const parts = writer(node, precision, made, constants);
    for (const [index, result] of expand(node, parts).entries())
      if (node.outputs[index] !== undefined && node.outputs[index] !== '')
        parts.rename(result, node.outputs[index]);
    return made;
  });
  return { ...model, nodes, initializers: [...model.initializers, ...constants.values()] };
}

interface Writer {
  op(op: string, inputs: readonly string[], attributes?: Node['attributes']): string;
  integers(...values: number[]): string;
  number(value: number): string;
  /** To float32, and back to what the model computes in. */
  widen(value: string): string;
  narrow(value: string): string;
  rename(from: string, to: string): void;
}

function writer(node: Node, precision: Precision, made: Node[], constants: Map<string, Initializer>): Writer {
  const op: Writer['op'] = (name, inputs, attributes = {}) => {
    const result = `${node.name}~${made.length}`;
    made.push({ name: result, domain: '', op: name, inputs, outputs: [result], attributes });
    return result;
  };
  const constant = (name: string, dataType: 'int64' | 'float32', shape: number[], data: ArrayBuffer) => {
    constants.set(name, { name, dataType, shape, data: new Uint8Array(data) });
    return name;
  };
  const cast = (value: string, to: number) =>
    precision === 'float32' ? value : op('Cast', [value], { to: { i: to } });
  return {
    op,
    integers: (...values) =>
      constant(`~[${values}]`, 'int64', [values.length], BigInt64Array.from(values, BigInt).buffer),
    number: (value) => constant(`~${value}`, 'float32', [1], Float32Array.of(value).buffer),
    widen: (value) => cast(value, 1),
    narrow: (value) => cast(value, 10),
    rename: (from, to) => {
      made.push({ name: to, domain: '', op: 'Identity', inputs: [from], outputs: [to], attributes: {} });
    },
  };
}

const integer = (attribute: Attribute | undefined): number => (attribute as { i: number }).i;
const turned = (part: Writer, value: string, ...perm: number[]) =>
  part.op('Transpose', [value], { perm: { ints: perm } });

function normalized({ inputs: [, gamma, beta], attributes }: Node, part: Writer, input: string): string {
  const { op, integers } = part;
  const x = part.widen(input);
  const mean = (value: string) => op('ReduceMean', [value, integers(1, 2, 4)]);
  const grouped = op('Reshape', [x, integers(0, 0, 0, integer(attributes.groups), -1)]);
  const centred = op('Sub', [grouped, mean(grouped)]);
  const variance = mean(op('Mul', [centred, centred]));
  const epsilon = part.number((attributes.epsilon as { f: number }).f);
  const normal = op('Div', [centred, op('Sqrt', [op('Add', [variance, epsilon])])]);
  const scaled = op('Mul', [op('Reshape', [normal, op('Shape', [x])]), gamma!]);
  const result = op('Add', [scaled, beta!]);
  const isSilu = integer(attributes.activation) === 1;
  return part.narrow(isSilu ? op('Mul', [result, op('Sigmoid', [result])]) : result);
}

const expansions: Readonly<Record<Expanded, (node: Node, part: Writer) => string[]>> = {
  NhwcConv: ({ inputs: [x, weight, ...bias], attributes }, part) => {
    const operands = [turned(part, x!, 0, 3, 1, 2), turned(part, weight!, 0, 3, 1, 2), ...bias];
    return [turned(part, part.op('Conv', operands, attributes), 0, 2, 3, 1)];
  },

  GroupNorm: (node, part) => [normalized(node, part, node.inputs[0]!)],

  SkipGroupNorm: (node, part) => {
    const [x, , , skip, bias] = node.inputs;
    const { op, integers } = part;
    // [batch, pixels, channels], with one pixel where skip is [batch, channels].
    const flat = (value: string) =>
      op('Reshape', [
        value,
        op(
          'Concat',
          [
            op('Shape', [value], { start: { i: 0 }, end: { i: 1 } }),
            integers(-1),
            op('Shape', [value], { start: { i: -1 } }),
          ],
          { axis: { i: 0 } },
        ),
      ]);
    const biased = bias === undefined ? x! : op('Add', [x!, bias]);
    const sum = op('Reshape', [op('Add', [flat(biased), flat(skip!)]), op('Shape', [x!])]);
    return [normalized(node, part, sum), sum];
  },

  BiasAdd: ({ inputs: [x, bias, skip] }, { op }) => [op('Add', [op('Add', [x!, bias!]), skip!])],

  BiasSplitGelu: ({ inputs: [x, bias] }, part) => {
    const { op, integers, number } = part;
    const sum = part.widen(op('Add', [x!, bias!]));
    const width = op('Shape', [sum], { start: { i: -1 } });
    const half = op('Div', [width, integers(2)]);
    const cut = (from: string, to: string) => op('Slice', [sum, from, to, integers(-1)]);
    const gate = cut(half, width);
    const share = op('Erf', [op('Mul', [gate, number(Math.SQRT1_2)])]);
    const active = op('Mul', [op('Mul', [gate, number(0.5)]), op('Add', [share, number(1)])]);
    return [part.narrow(op('Mul', [cut(integers(0), half), active]))];
  },
};
