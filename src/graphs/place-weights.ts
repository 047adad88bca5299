import path from 'node:path';
import type { Component, Dtype, TensorLocation } from '../checkpoints/checkpoint.ts';
import type { NetworkGraph, Weight } from './graph.ts';
import { type DataType, dataTypes, type Initializer, type Model, type Node } from './onnx-proto.ts';

const storedTypes: Readonly<Record<Dtype, DataType>> = { F32: 'float32', F16: 'float16', BF16: 'bfloat16' };

/** A model whose initializers name files below `folder`. */
export interface PlacedModel {
  readonly model: Model;
  readonly folder: string;
}

/**
 * Points the graph's weights into the checkpoint's own files, in their own element type, with a Cast behind
 * those whose type is not the wanted one, and a Transpose behind those that are stored in another order
 * (constants to the runtime, which computes both once). The component must hold every weight (see
 * requireTensors).
 */
export function placeWeights(graph: NetworkGraph, component: Component<unknown>): PlacedModel {
  const located = graph.weights.map((weight) => locate(weight, component));
  const folder = commonFolder(located.map(({ at }) => at.file));

  const initializers: Initializer[] = [];
  const conversionNodes: Node[] = [];
  for (const { weight, at, shape, conversions } of located) {
    let name = [weight.key, ...conversions.map(({ mark }) => mark)].join(':');
    initializers.push({
      name,
      dataType: storedTypes[at.dtype],
      shape,
      data: { file: path.relative(folder, at.file), offset: at.byteOffset, length: at.byteLength },
    });
    for (const { mark, op, attributes } of conversions.toReversed()) {
      const result = name.slice(0, -(mark.length + 1));
      conversionNodes.push({ name: result, domain: '', op, inputs: [name], outputs: [result], attributes });
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
      initializers: [...constants, ...initializers],
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
  if (storedTypes[at.dtype] !== weight.precision)
    conversions.push({
      mark: at.dtype,
      op: 'Cast',
      attributes: { to: { i: dataTypes[weight.precision] } },
    });
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
