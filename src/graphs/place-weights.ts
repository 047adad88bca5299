import path from 'node:path';
import type { Component, Dtype, TensorLocation } from '../checkpoints/checkpoint.ts';
import { type DataType, dataTypes, type Initializer, type Model, type Node } from '../onnx/onnx-proto.ts';
import type { NetworkGraph, Weight } from './graph.ts';

const storedTypes: Readonly<Record<Dtype, DataType>> = { F32: 'float32', F16: 'float16', BF16: 'bfloat16' };

/** A model whose initializers name files below `folder`. */
export interface PlacedModel {
  readonly model: Model;
  readonly folder: string;
}

/**
 * Points the graph's weights into the checkpoint's own files, in their own element type, with a Cast behind
 * those whose type is not the wanted one, a Transpose behind those that are stored in another order, and a
 * product in float32 behind those that are wanted scaled (constants to the runtime, which computes all once).
 * The component must hold every weight (see requireTensors).
 */
export function placeWeights(graph: NetworkGraph, component: Component<unknown>): PlacedModel {
  const located = graph.weights.map((weight) => locate(weight, component));
  const folder = commonFolder(located.map(({ at }) => at.file));

  const initializers: Initializer[] = [];
  const conversionNodes: Node[] = [];
  const factors = new Map<number, Initializer>();
  for (const { weight, at, shape, conversions } of located) {
    let name = [weight.key, ...conversions.map(({ mark }) => mark)].join(':');
    initializers.push({
      name,
      dataType: storedTypes[at.dtype],
      shape,
      data: { file: path.relative(folder, at.file), offset: at.byteOffset, length: at.byteLength },
    });
    for (const { mark, op, attributes, factor } of conversions.toReversed()) {
      const result = name.slice(0, -(mark.length + 1));
      const operands = factor === undefined ? [name] : [name, `factor ${factor}`];
      if (factor !== undefined) factors.set(factor, scalar(factor));
      conversionNodes.push({ name: result, domain: '', op, inputs: operands, outputs: [result], attributes });
      name = result;
    }
  }
  const { name, opsets, inputs, outputs, constants, nodes } = graph;
  return {
    folder,
    model: {
      name,
      opsets,
      inputs,
      outputs,
      initializers: [...constants, ...factors.values(), ...initializers],
      nodes: [...conversionNodes, ...nodes],
    },
  };
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

function scalar(value: number): Initializer {
  const data = new Uint8Array(Float32Array.of(value).buffer);
  return { name: `factor ${value}`, dataType: 'float32', shape: [], data };
}

interface LocatedWeight {
  readonly weight: Weight;
  readonly at: TensorLocation;
  /** Of the initializer. */
  readonly shape: readonly number[];
  /** The last to be applied first. */
  readonly conversions: readonly Conversion[];
}

function locate(weight: Weight, component: Component<unknown>): LocatedWeight {
  const copy = weight.channelsLast ? component.channelsLast?.get(weight.key) : undefined;
  const at = copy ?? component.tensors.get(weight.key)!;
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

/** The deepest folder above all files: ONNX Runtime reads from one and refuses what lies outside of it. */
function commonFolder(files: readonly string[]): string {
  const [first, ...others] = files.map((file) => path.dirname(file).split(path.sep));
  const shared = first!.findIndex((part, depth) => others.some((parts) => parts[depth] !== part));
  return (shared < 0 ? first! : first!.slice(0, shared)).join(path.sep) || path.sep;
}
