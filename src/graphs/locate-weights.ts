import type { Component, Dtype, PendingProducts, TensorLocation } from '../checkpoints/checkpoint.ts';
import { type DataType, dataTypes, type Initializer, type Node } from '../onnx/onnx-proto.ts';
import type { NetworkGraph, Weight } from './graph.ts';

/** A weight of a graph, and where the tensor lies that it is made of. */
export interface LocatedWeight {
  readonly weight: Weight;
  readonly at: TensorLocation;
  /** Of the stored tensor. */
  readonly shape: readonly number[];
  /** What makes the weight of it; the last to be applied first. */
  readonly conversions: readonly Conversion[];
  /** What is to be added to the weight that is made so, in the order of its axes there. */
  readonly pending?: PendingProducts;
}

/** One operator between the stored tensor and the weight. */
interface Conversion {
  /** Behind the name of what it is applied to. */
  readonly mark: string;
  readonly op: string;
  readonly attributes: Node['attributes'];
  /** What a Mul multiplies by. */
  readonly factor?: number;
}

export const storedTypes: Readonly<Record<Dtype, DataType>> = {
  F32: 'float32',
  F16: 'float16',
  BF16: 'bfloat16',
};

/** Where all of a graph's weights lie. The component must hold every one (see requireTensors). */
export function locateWeights(
  { weights }: Pick<NetworkGraph, 'weights'>,
  component: Component<unknown>,
): LocatedWeight[] {
  return weights.map((weight) => locate(weight, component));
}

function locate(weight: Weight, component: Component<unknown>): LocatedWeight {
  const copy = weight.channelsLast ? component.channelsLast?.get(weight.key) : undefined;
  const tensor = component.tensors.get(weight.key)!;
  const { pending } = tensor;
  if (pending !== undefined) {
    const tensors = new Map([[weight.key, pending.onto]]);
    return { ...locate(weight, { ...component, tensors }), pending };
  }
  const at = copy ?? tensor;
  const conversions: Conversion[] = [];
  const cast = (mark: string, to: Weight['precision']) =>
    conversions.push({ mark, op: 'Cast', attributes: { to: { i: dataTypes[to] } } });
  if (weight.scale !== 1) {
    // In float32, in which the runtime can fold everything.
    if (weight.precision !== 'float32') cast('scaled', weight.precision);
    conversions.push({ mark: `x${weight.scale}`, op: 'Mul', attributes: {}, factor: weight.scale });
    if (at.dtype !== 'F32') cast(at.dtype, 'float32');
  } else if (storedTypes[at.dtype] !== weight.precision) cast(at.dtype, weight.precision);
  const turn = (mark: string, ...perm: number[]) =>
    conversions.push({ mark, op: 'Transpose', attributes: { perm: { ints: perm } } });
  if (weight.channelsLast && copy === undefined) {
    turn('OIHW', 0, 2, 3, 1);
    return { weight, at, shape: weight.stored, conversions };
  }
  if (at.transposed !== true) return { weight, at, shape: weight.shape, conversions };
  turn('T', 1, 0);
  return { weight, at, shape: weight.shape.toReversed(), conversions };
}

/** The operators that make a weight of the value `stored`. */
export interface ConversionNodes {
  readonly stored: string;
  readonly nodes: readonly Node[];
  readonly factors: readonly Initializer[];
}

/** @param name of the weight. */
export function conversionNodes(
  { conversions }: Pick<LocatedWeight, 'conversions'>,
  name: string,
): ConversionNodes {
  const stored = [name, ...conversions.map(({ mark }) => mark)].join(':');
  const nodes: Node[] = [];
  const factors: Initializer[] = [];
  let value = stored;
  for (const { mark, op, attributes, factor } of conversions.toReversed()) {
    const result = value.slice(0, -(mark.length + 1));
    if (factor !== undefined) factors.push(scalar(factor));
    const inputs = factor === undefined ? [value] : [value, scalarName(factor)];
    nodes.push({ name: result, domain: '', op, inputs, outputs: [result], attributes });
    value = result;
  }
  return { stored, nodes, factors };
}

const scalarName = (value: number): string => `factor ${value}`;

function scalar(value: number): Initializer {
  const data = new Uint8Array(Float32Array.of(value).buffer);
  return { name: scalarName(value), dataType: 'float32', shape: [], data };
}
