import path from 'node:path';
import type { Component } from '../checkpoints/checkpoint.ts';
import type { Initializer, Model, Node } from '../onnx/onnx-proto.ts';
import type { NetworkGraph } from './graph.ts';
import { conversionNodes, locateWeights, storedTypes } from './locate-weights.ts';

/** A model whose initializers name files below `folder`. */
export interface PlacedModel {
  readonly model: Model;
  readonly folder: string;
}

/** A tensor is wanted as it lies in a file, and is made where it comes to lie alone. */
export class PendingTensorError extends Error {}

/**
 * Beyond the end of any file: a weight that is declared to lie there can be given to a session, and whoever
 * wants to read it gets an error instead of other bytes.
 */
const nowhere = 2 ** 48;

/**
 * Points the graph's weights into the checkpoint's own files, in their own element type, with a Cast behind
 * those whose type is not the wanted one, a Transpose behind those that are stored in another order, and a
 * product in float32 behind those that are wanted scaled (constants to the runtime, which computes all once).
 * The component must hold every weight (see requireTensors).
 * @param isGiven whether a weight will be given to the session as it is wanted (SessionOptions.initializers);
 * such a one is only declared. None by default.
 */
export function placeWeights(
  graph: NetworkGraph,
  component: Component<unknown>,
  isGiven: (key: string) => boolean = () => false,
): PlacedModel {
  const located = locateWeights(graph, component);
  const folder = commonFolder(located.map(({ at }) => at.file));

  const initializers: Initializer[] = [];
  const conversions: Node[] = [];
  const factors = new Map<string, Initializer>();
  for (const each of located) {
    const { weight, at, shape } = each;
    const file = path.relative(folder, at.file);
    if (isGiven(weight.key)) {
      const length = weight.shape.reduce((product, side) => product * side, elementBytes[weight.precision]);
      const data = { file, offset: nowhere, length };
      initializers.push({ name: weight.key, dataType: weight.precision, shape: weight.shape, data });
      continue;
    }
    if (each.pending !== undefined)
      throw new PendingTensorError(`${weight.key}: lies in no file, as products are still to be added to it`);
    const { stored, nodes, factors: own } = conversionNodes(each, weight.key);
    const data = { file, offset: at.byteOffset, length: at.byteLength };
    initializers.push({ name: stored, dataType: storedTypes[at.dtype], shape, data });
    conversions.push(...nodes);
    for (const factor of own) factors.set(factor.name, factor);
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
      nodes: [...conversions, ...nodes],
    },
  };
}

const elementBytes = { float32: 4, float16: 2 } as const;

/** The deepest folder above all files: ONNX Runtime reads from one and refuses what lies outside of it. */
function commonFolder(files: readonly string[]): string {
  const [first, ...others] = files.map((file) => path.dirname(file).split(path.sep));
  const shared = first!.findIndex((part, depth) => others.some((parts) => parts[depth] !== part));
  return (shared < 0 ? first! : first!.slice(0, shared)).join(path.sep) || path.sep;
}
