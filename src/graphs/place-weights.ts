import path from 'node:path';
import type { Component, Dtype } from '../checkpoints/checkpoint.ts';
import type { NetworkGraph, Weight } from './graph.ts';
import type { DataType, Initializer, Model, Node } from './onnx-proto.ts';

const dataTypes: Readonly<Record<Dtype, DataType>> = { F32: 'float32', F16: 'float16', BF16: 'bfloat16' };

/** A model whose initializers name files in `folder`. */
export interface PlacedModel {
  readonly model: Model;
  readonly folder: string;
}

/**
 * Points the graph's weights into the checkpoint's own files, in their own element type, with a Cast to float32 behind
 * those that are not. The component must hold every weight (see requireTensors).
 * @throws Error if the component's files lie in more than one folder.
 */
export function placeWeights(graph: NetworkGraph, component: Component<unknown>): PlacedModel {
  const located = graph.weights.map((weight) => ({ weight, at: component.tensors.get(weight.key)! }));
  const folders = [...new Set(located.map(({ at }) => path.dirname(at.file)))];
  if (folders.length !== 1)
    throw new Error(
      `${component.directory}: the weight files lie in ${folders.length} folders (${folders.join(', ')}); ONNX Runtime reads from one`,
    );

  const initializers: Initializer[] = [];
  const casts: Node[] = [];
  for (const { weight, at } of located) {
    const name = at.dtype === 'F32' ? weight.key : `${weight.key}:${at.dtype}`;
    initializers.push({
      name,
      dataType: dataTypes[at.dtype],
      shape: weight.shape,
      data: { file: path.basename(at.file), offset: at.byteOffset, length: at.byteLength },
    });
    if (at.dtype !== 'F32') casts.push(cast(weight, name));
  }
  const { constants, weights: _weights, tensors: _tensors, nodes, ...rest } = graph;
  return {
    folder: folders[0]!,
    model: { ...rest, initializers: [...constants, ...initializers], nodes: [...casts, ...nodes] },
  };
}

function cast({ key }: Weight, from: string): Node {
  return { name: key, domain: '', op: 'Cast', inputs: [from], outputs: [key], attributes: { to: { i: 1 } } };
}
