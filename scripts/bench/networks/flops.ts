import type { NetworkGraph } from '../../../src/graphs/graph.ts';
import { inferValues, type KnownValue, type Shape } from '../../../src/graphs/infer-shapes.ts';
import type { Node } from '../../../src/onnx/onnx-proto.ts';

export interface Flops {
  /** Floating-point operations of one run; a multiply-add counts two. */
  readonly total: number;
  /** By the node's name; nodes without matrix products are absent. */
  readonly byNode: ReadonlyMap<string, number>;
}

/**
 * Counts the operations of matrix products, convolutions and attention (both of its products, also where
 * causal attention could leave half of them out) in one run of an emitted graph. Norms, activations and
 * additions count nothing, as in the figures published for these networks.
 * @param inputs shapes by graph input.
 */
export function countFlops(graph: NetworkGraph, inputs: Readonly<Record<string, Shape>>): Flops {
  const values = inferValues(graph, inputs);
  const byNode = new Map<string, number>();
  for (const node of graph.nodes) {
    const count = counters[node.op]?.(
      node,
      node.inputs.map((name) => values.get(name)),
      node.outputs.map((name) => values.get(name)!.shape),
    );
    if (count !== undefined) byNode.set(node.name, count);
  }
  return { total: [...byNode.values()].reduce((sum, count) => sum + count, 0), byNode };
}

type Counter = (node: Node, inputs: readonly (KnownValue | undefined)[], outputs: readonly Shape[]) => number;

const size = (shape: Shape) => shape.reduce((product, side) => product * side, 1);

const counters: Readonly<Record<string, Counter>> = {
  FusedMatMul: (_, [x], [product]) => 2 * x!.shape.at(-1)! * size(product!),
  Conv: (_, [, weight], [map]) => 2 * size(weight!.shape.slice(1)) * size(map!),
  // Scores and weighted values: each tokens x memory tokens x width, whatever the number of heads.
  MultiHeadAttention: (_, [query, key]) => 4 * size(query!.shape) * key!.shape[1]!,
};
