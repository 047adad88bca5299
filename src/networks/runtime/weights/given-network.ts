import { createHash } from 'node:crypto';
import type { Component } from '../../../checkpoints/checkpoint.ts';
import type { NetworkGraph } from '../../../graphs/graph.ts';
import { locateWeights } from '../../../graphs/locate-weights.ts';
import { type PlacedModel, placeWeights } from '../../../graphs/place-weights.ts';
import { encodeModel } from '../../../onnx/onnx-proto.ts';
import type { NetworkSession } from '../network-session.ts';
import { RuntimeError } from '../runtime-error.ts';
import type { GivenNetwork, WeightValues } from './own-weights.ts';

/** What ONNX Runtime says where it wants to read a weight that is given (tensorprotoutils.cc). */
const wantedBytes = /External initializer: (\S+) offset: \d+ size to read/;

/**
 * A network of a checkpoint whose weights are given to its session. Where the runtime insists on reading one,
 * to fold it or to pack it in its own way, that one alone is loaded from its file.
 * @param load a session of a model, with these values in place of its weights.
 */
export function givenNetwork(
  component: Component<unknown>,
  graph: NetworkGraph,
  load: (placed: PlacedModel, values: WeightValues) => Promise<NetworkSession>,
): GivenNetwork {
  return {
    weights: locateWeights(graph, component),
    architecture: architectureOf(graph),
    open: async (values) => {
      const refused = new Set<string>();
      for (;;) {
        const given = Object.fromEntries(Object.entries(values).filter(([key]) => !refused.has(key)));
        try {
          const placed = placeWeights(graph, component, (key) => key in given);
          return { session: await load(placed, given), refused: [...refused] };
        } catch (error) {
          for (const key of refusedBy(error, Object.keys(given), refused.size)) refused.add(key);
        }
      }
    },
  };
}

/** What ONNX Runtime says where there is no memory for a session: weights of its own would need more. */
const aboutMemory = /alloc|memory/i;

/** Of so many the runtime may tell one after the other, each by a load that fails. */
const mostRefused = 8;

/**
 * The weights that are to be loaded from their file after a failure: the one that it names; all where it says
 * nothing of them, or has refused many before.
 * @throws the error where that cannot help.
 */
function refusedBy(error: unknown, given: readonly string[], before: number): readonly string[] {
  if (!(error instanceof RuntimeError) || given.length === 0) throw error;
  const wanted = wantedBytes.exec(error.message)?.[1];
  if (wanted !== undefined && given.includes(wanted) && before < mostRefused) return [wanted];
  if (wanted === undefined && aboutMemory.test(error.message)) throw error;
  process.stderr.write(
    `engine: weights are loaded by the runtime itself, as it refuses ours: ${error.message}\n`,
  );
  return given;
}

/** Of everything about a graph but the values of its weights. */
function architectureOf({ name, opsets, inputs, outputs, constants, nodes, weights }: NetworkGraph): string {
  const model = encodeModel({ name, opsets, inputs, outputs, initializers: constants, nodes });
  const shapes = weights.map(({ key, shape, precision }) => [key, shape, precision]);
  return createHash('sha256').update(model).update(JSON.stringify(shapes)).digest('hex');
}
