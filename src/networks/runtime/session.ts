import type { InferenceSession } from 'onnxruntime-node';
import type { Component } from '../../checkpoints/checkpoint.ts';
import { requireTensors } from '../../checkpoints/require-tensors.ts';
import type { NetworkGraph } from '../../graphs/graph.ts';
import { encodeModel } from '../../graphs/onnx-proto.ts';
import { placeWeights } from '../../graphs/place-weights.ts';
import { splitGraph } from '../../graphs/split-graph.ts';
import { separateSteady } from '../../graphs/steady-graph.ts';
import { type Device, isCuda } from './device.ts';
import { executionProviders } from './execution-providers.ts';
import { idleThreads } from './idle-threads.ts';
import type { NumberTensors } from './session-thread.ts';
import { type Session, threadedSession } from './threaded-session.ts';

export interface NetworkOptions {
  readonly device: Device;
  /** Threads of one operator; by default one per physical core. */
  readonly threads?: number;
}

export interface GraphOptions {
  /** Every tensor of the component by its config, where the graph alone does not know them all. */
  readonly tensors?: ReadonlyMap<string, readonly number[]>;
  /**
   * Reorder feature maps into blocks of channels, for networks of convolutions. A step of the demo
   * checkpoint's UNet takes 0.79 of the time so, its VAE decoder 0.90; SDXL's UNet 0.97, for 1.2 times the
   * time to load and 0.3 GB more at the peak.
   */
  readonly blockedLayout?: boolean;
  /** On the CPU, load the graph in as many threads as its boundaries make parts. */
  readonly split?: boolean;
  /**
   * Inputs that seldom change: what depends on them alone is computed anew only when they do, on the CPU. In
   * a UNet of SDXL's size the prompt's keys and values are 11 % of a step at 256 x 256 and 0.8 % at 1024 x
   * 1024, and take 0.9 MB a token.
   */
  readonly steadyInputs?: readonly string[];
}

/** Options of the runtime; `folder` holds the weights' files. */
export function sessionOptions(
  folder: string,
  { device, threads }: NetworkOptions,
  { blockedLayout = false }: GraphOptions,
): InferenceSession.SessionOptions {
  return {
    executionProviders: executionProviders(device),
    graphOptimizationLevel: blockedLayout && !isCuda(device) ? 'all' : 'basic',
    ...(threads === undefined ? {} : { intraOpNumThreads: threads }),
    extra: {
      session: {
        // Lets a model that was never a file name files: nothing is written beside the checkpoint.
        model_external_initializers_file_folder_path: folder,
        ...idleThreads,
        ...(isCuda(device)
          ? {
              // A node that CUDA does not implement is a mistake in the graph, not something to be slow
              // about.
              disable_cpu_ep_fallback: '1',
              // The arena takes memory in powers of two: 8 GB for the 5 GB of a UNet's weights.
              use_device_allocator_for_initializers: '1',
            }
          : {}),
      },
    },
  };
}

/**
 * Checks a component's tensors against its network and loads the graph. The weights are read from the
 * checkpoint's own files. Most of the time to load goes into the first touch of memory and the conversion to
 * float32, which ONNX Runtime does in one thread per session: hence `split`.
 * @throws CheckpointError naming file and tensor; Error naming component and device where the runtime
 * refuses.
 */
export async function openSession(
  component: Component<unknown>,
  graph: NetworkGraph,
  network: NetworkOptions,
  options: GraphOptions = {},
): Promise<Session> {
  requireTensors(component, options.tensors ?? graph.tensors);
  const parts = network.device === 'cpu' && options.split === true ? splitGraph(graph) : [graph];
  const loading = await Promise.allSettled(
    parts.map((part) => {
      const place = (placed: NetworkGraph) => {
        const { model, folder } = placeWeights(placed, component);
        return { model: encodeModel(model), options: sessionOptions(folder, network, options) };
      };
      const steadyInputs = options.steadyInputs ?? [];
      const separated = network.device === 'cpu' ? separateSteady(part, steadyInputs) : undefined;
      return separated === undefined
        ? threadedSession(place(part))
        : threadedSession(place(separated.changing), { ...place(separated.steady), inputs: steadyInputs });
    }),
  );
  const sessions = loading.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
  const release = async () => {
    await Promise.all(sessions.map((session) => session.release()));
  };
  const failure = loading.find((result) => result.status === 'rejected');
  if (failure !== undefined) {
    await release();
    const { message } = failure.reason as Error;
    throw new Error(`${component.directory}: cannot be loaded on ${network.device}: ${message}`, {
      cause: failure.reason,
    });
  }
  return { release, run: (inputs) => runParts(parts, sessions, inputs) };
}

async function runParts(
  parts: readonly NetworkGraph[],
  sessions: readonly Session[],
  inputs: NumberTensors,
): Promise<NumberTensors> {
  let made: NumberTensors = {};
  for (const [index, session] of sessions.entries()) {
    const { inputs: ports } = parts[index]!;
    const pick = (from: NumberTensors) =>
      Object.fromEntries(ports.filter(({ name }) => name in from).map(({ name }) => [name, from[name]!]));
    made = await session.run(pick(inputs), pick(made));
  }
  return made;
}
