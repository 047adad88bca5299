import type { Node, Port } from '../onnx/onnx-proto.ts';
import type { NetworkGraph } from './graph.ts';

/**
 * Cuts a graph at its boundaries into graphs that run one after the other: each gives out what later ones
 * take in under the same name.
 * @throws Error naming a value that crosses a boundary without being declared there.
 */
export function splitGraph(graph: NetworkGraph): NetworkGraph[] {
  const starts = [0, ...graph.boundaries.map(({ after }) => after)];
  const parts = starts.map((start, index) => graph.nodes.slice(start, starts[index + 1]));
  const known = new Map<string, Port>();
  for (const port of [
    ...graph.inputs,
    ...graph.outputs,
    ...graph.boundaries.flatMap(({ crossing }) => crossing),
  ])
    known.set(port.name, port);
  const fixed = new Set(
    [...graph.constants, ...graph.weights].map((item) => ('key' in item ? item.key : item.name)),
  );

  const taken = parts.map((nodes) => {
    const made = new Set(nodes.flatMap((node) => node.outputs));
    return operands(nodes).filter((value) => !made.has(value) && !fixed.has(value));
  });
  const ports = (values: Iterable<string>) =>
    [...values].map((value) => {
      const port = known.get(value);
      if (port === undefined)
        throw new Error(`${graph.name}: ${value} crosses a boundary that does not name it`);
      return port;
    });

  return parts.map((nodes, index) => {
    const made = nodes.flatMap((node) => node.outputs);
    const wanted = new Set([...graph.outputs.map((port) => port.name), ...taken.slice(index + 1).flat()]);
    const used = new Set(operands(nodes));
    return {
      ...graph,
      name: `${graph.name}_${index + 1}_of_${parts.length}`,
      inputs: ports(taken[index]!),
      outputs: ports(made.filter((value) => wanted.has(value))),
      nodes,
      constants: graph.constants.filter((item) => used.has(item.name)),
      weights: graph.weights.filter((weight) => used.has(weight.key)),
      boundaries: [],
    };
  });
}

/** Every value the nodes read, once. */
function operands(nodes: readonly Node[]): string[] {
  return [...new Set(nodes.flatMap((node) => node.inputs).filter((value) => value !== ''))];
}
