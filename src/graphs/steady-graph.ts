import type { Node } from '../onnx/onnx-proto.ts';
import type { NetworkGraph } from './graph.ts';

export interface SteadyGraph {
  /** What depends on the steady inputs only. */
  readonly steady: NetworkGraph;
  /** The rest, which takes the steady graph's outputs as inputs. */
  readonly changing: NetworkGraph;
}

/**
 * Separates what can be computed once and kept for as long as some of the inputs stay the same. A UNet's
 * prompt is the same in every step, and of it alone come the keys and values of all cross-attentions.
 * @param names inputs that seldom change, [batch, tokens, width], as is all that comes of them.
 * @returns undefined where the graph has none of the inputs, or nothing depends on them alone.
 */
export function separateSteady(graph: NetworkGraph, names: readonly string[]): SteadyGraph | undefined {
  const inputs = graph.inputs.filter(({ name }) => names.includes(name));
  const known = new Set(
    [...inputs, ...graph.constants].map(({ name }) => name).concat(graph.weights.map(({ key }) => key)),
  );
  const fixed = new Set(known);
  for (const { name } of inputs) fixed.delete(name);
  const steadyNodes: Node[] = [];
  const changingNodes: Node[] = [];
  for (const node of graph.nodes) {
    const isSteady =
      node.inputs.every((value) => value === '' || known.has(value)) &&
      node.inputs.some((value) => !fixed.has(value) && value !== '') &&
      !node.outputs.some((value) => graph.outputs.some(({ name }) => name === value));
    (isSteady ? steadyNodes : changingNodes).push(node);
    if (isSteady) for (const value of node.outputs) known.add(value);
  }
  if (steadyNodes.length === 0) return undefined;

  const wanted = new Set(changingNodes.flatMap((node) => node.inputs));
  const made = steadyNodes
    .flatMap((node) => node.outputs)
    .filter((name) => wanted.has(name))
    .map((name) => ({ name, dataType: 'float32' as const, shape: [null, null, null] }));
  const part = (name: string, nodes: readonly Node[]): NetworkGraph => {
    const used = new Set(nodes.flatMap((node) => node.inputs));
    return {
      ...graph,
      name: `${graph.name}_${name}`,
      inputs: [...graph.inputs, ...(name === 'changing' ? made : [])].filter((port) => used.has(port.name)),
      outputs: name === 'changing' ? graph.outputs : made,
      nodes,
      constants: graph.constants.filter((item) => used.has(item.name)),
      weights: graph.weights.filter((weight) => used.has(weight.key)),
      boundaries: [],
    };
  };
  return { steady: part('steady', steadyNodes), changing: part('changing', changingNodes) };
}
