import path from 'node:path';
import type { Component, Dtype, TensorLocation } from '../checkpoints/checkpoint.ts';
import type { NetworkGraph, Weight } from './graph.ts';
import type { DataType, Initializer, Model, Node } from './onnx-proto.ts';

const dataTypes: Readonly<Record<Dtype, DataType>> = { F32: 'float32', F16: 'float16', BF16: 'bfloat16' };

/** A model whose initializers name files below `folder`. */
export interface PlacedModel {
  readonly model: Model;
  readonly folder: string;
}

/**
 * Points the graph's weights into the checkpoint's own files, in their own element type, with a Cast to float32 behind
 * those that are not, and a Transpose behind those that are stored the other way round (constants to the runtime, which
 * computes both once). The component must hold every weight (see requireTensors).
 */
export function placeWeights(graph: NetworkGraph, component: Component<unknown>): PlacedModel {
  const located = graph.weights.map((weight) => ({ weight, at: component.tensors.get(weight.key)! }));
  const folder = commonFolder(located.map(({ at }) => at.file));

  const initializers: Initializer[] = [];
  const conversions: Node[] = [];
  for (const { weight, at } of located) {
    const name = [weight.key, ...conversionsOf(at)].join(':');
    initializers.push({
      name,
      dataType: dataTypes[at.dtype],
      shape: at.transposed === true ? weight.shape.toReversed() : weight.shape,
      data: { file: path.relative(folder, at.file), offset: at.byteOffset, length: at.byteLength },
    });
    conversions.push(...conversionNodes(weight, at));
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
      nodes: [...conversions, ...nodes],
    },
  };
}

type Conversion = Exclude<Dtype, 'F32'> | 'T';

/** What stands between the stored tensor and the float32 weight as published, outermost first. */
function conversionsOf({ dtype, transposed }: TensorLocation): Conversion[] {
  return [...(dtype === 'F32' ? [] : [dtype]), ...(transposed === true ? (['T'] as const) : [])];
}

/** From `key:F16:T`, as stored, over `key:F16` to `key`. */
function conversionNodes({ key }: Weight, at: TensorLocation): Node[] {
  const conversions = conversionsOf(at);
  return conversions
    .map((conversion, index): Node => {
      const to = [key, ...conversions.slice(0, index)].join(':');
      const common = { name: to, domain: '', inputs: [`${to}:${conversion}`], outputs: [to] };
      return conversion === 'T'
        ? { ...common, op: 'Transpose', attributes: { perm: { ints: [1, 0] } } }
        : { ...common, op: 'Cast', attributes: { to: { i: 1 } } };
    })
    .reverse();
}

/** The deepest folder above all files: ONNX Runtime reads from one and refuses what lies outside of it. */
function commonFolder(files: readonly string[]): string {
  const [first, ...others] = files.map((file) => path.dirname(file).split(path.sep));
  const shared = first!.findIndex((part, depth) => others.some((parts) => parts[depth] !== part));
  return (shared < 0 ? first! : first!.slice(0, shared)).join(path.sep) || path.sep;
}
