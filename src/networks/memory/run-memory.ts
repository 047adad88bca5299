import type { NetworkGraph } from '../../graphs/graph.ts';
import { inferValues, type KnownValue, type Shape } from '../../graphs/infer-shapes.ts';
import type { DataType } from '../../onnx/onnx-proto.ts';
import type { ArenaModel, Chunk } from './arena-model.ts';
import type { RunPlace } from './run-place.ts';

export interface RunShape {
  readonly graph: NetworkGraph;
  /** By the graph's input. */
  readonly inputs: Readonly<Record<string, Shape>>;
}

const bytesOf: Partial<Record<DataType, number>> = { float32: 4, float16: 2, int64: 8, bool: 1 };

/** Operators whose output is their input under another shape. */
const aliases = new Set(['Reshape', 'Unsqueeze', 'Identity']);

/**
 * Allocates in the arena what one run of a graph does, node by node in the order in which it was built, with
 * each value freed behind the last node that reads it (ONNX Runtime's sequential execution without memory
 * patterns), and frees all of it.
 * @throws Error naming an operator whose result's shape is not known.
 */
export function simulateRun(arena: ArenaModel, { graph, inputs }: RunShape, place: RunPlace): void {
  const values = inferValues(graph, inputs);
  const bytes = (name: string): number => sizeOf(values.get(name)!);
  const holders = holdersOf(graph);
  const holder = (name: string): string => holders.get(name) ?? name;
  const last = lastUses(graph, holder);
  const held = new Map<string, { readonly chunk: Chunk; readonly bytes: number }>();
  const hold = (name: string, size: number): void => {
    if (size > 0) held.set(name, { chunk: arena.allocate(size), bytes: size });
  };

  if (place.copiesInputs) for (const { name } of graph.inputs) hold(name, bytes(name));
  for (const [index, node] of graph.nodes.entries()) {
    const isDying = (name: string) => held.has(name) && last.get(name) === index;
    for (const name of node.outputs) {
      if (name === '' || holder(name) !== name) continue;
      const size = bytes(name);
      const given = place.inPlace.has(node.op)
        ? node.inputs.map(holder).find((input) => isDying(input) && held.get(input)!.bytes === size)
        : undefined;
      if (given === undefined) hold(name, size);
      else {
        held.set(name, held.get(given)!);
        held.delete(given);
      }
    }
    const room = place.workspace(node, (name) => values.get(name)!.shape, bytes);
    for (const chunk of room.map((size) => arena.allocate(size))) arena.free(chunk);
    for (const name of new Set([...node.inputs, ...node.outputs].map(holder)))
      if (isDying(name)) {
        arena.free(held.get(name)!.chunk);
        held.delete(name);
      }
  }
  for (const { chunk } of held.values()) arena.free(chunk);
}

/** Sizes and shapes as numbers are kept beside the device. */
function sizeOf({ shape, numbers, dataType }: KnownValue): number {
  if (numbers !== undefined) return 0;
  return shape.reduce((product, side) => product * side, bytesOf[dataType]!);
}

/** Whose memory a value lies in, where it is not its own. */
function holdersOf({ nodes }: NetworkGraph): ReadonlyMap<string, string> {
  const holders = new Map<string, string>();
  for (const { op, inputs, outputs } of nodes)
    if (aliases.has(op)) holders.set(outputs[0]!, holders.get(inputs[0]!) ?? inputs[0]!);
  return holders;
}

/** The index of the node behind which a holder is free; outputs never are. */
function lastUses(graph: NetworkGraph, holder: (name: string) => string): ReadonlyMap<string, number> {
  const last = new Map<string, number>();
  for (const [index, { inputs, outputs }] of graph.nodes.entries())
    for (const name of [...inputs, ...outputs]) last.set(holder(name), index);
  for (const { name } of graph.outputs) last.set(holder(name), Number.POSITIVE_INFINITY);
  return last;
}
