import type { Component } from '../../checkpoints/checkpoint.ts';
import { requireTensors } from '../../checkpoints/require-tensors.ts';
import type { NetworkGraph } from '../../graphs/graph.ts';
import { type PlacedModel, placeWeights } from '../../graphs/place-weights.ts';
import { splitGraph } from '../../graphs/split-graph.ts';
import { separateSteady } from '../../graphs/steady-graph.ts';
import { encodeModel } from '../../onnx/onnx-proto.ts';
import { openCapturingSession } from './cuda/capturing-session.ts';
import { cudaIndex, type Device, isCuda } from './device.ts';
import { openInferenceSession } from './inference-session.ts';
import { loadLibrary } from './library.ts';
import { type NetworkSession, plainSession } from './network-session.ts';
import { openTogether } from './open-all.ts';
import type { SessionOptions } from './session-options.ts';
import { openStage, type RuntimeModel, type Stage } from './stage.ts';
import { readValue, type Tensor, type Tensors, type TensorValue, valuesOver } from './tensor-values.ts';
import { createTurns } from './turns.ts';
import { givenNetwork } from './weights/given-network.ts';
import type { OwnWeights, WeightValues } from './weights/own-weights.ts';

export interface NetworkOptions {
  readonly device: Device;
  /** On CUDA: runs of shapes that were captured are launched at once; see NetworkSession.capture. */
  readonly cudaGraphs?: boolean;
  /** On CUDA: the same bytes for the same input, at the price of time; see isRepeatable. */
  readonly deterministic?: boolean;
  /** Threads of one operator; by default one per physical core. */
  readonly threads?: number;
  /** Memory of ours that networks have their weights in; by default every session has its own. */
  readonly weights?: OwnWeights;
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
  /** Where the device and its options allow it, runs can be captured. */
  readonly capturable?: boolean;
}

/** Options of the runtime; `folder` holds the weights' files. */
export function sessionOptions(
  folder: string,
  { device, threads, weights }: NetworkOptions,
  { blockedLayout = false }: GraphOptions,
): SessionOptions {
  return {
    device,
    // Blocks of channels are made of the weights when a graph is loaded.
    level: blockedLayout && !isCuda(device) && weights === undefined ? 'all' : 'basic',
    ...(threads === undefined ? {} : { threads }),
    config: {
      // Lets a model that was never a file name files: nothing is written beside the checkpoint.
      model_external_initializers_file_folder_path: folder,
      ...(isCuda(device)
        ? {
            // A node that CUDA does not implement is a mistake in the graph, not something to be slow about.
            disable_cpu_ep_fallback: '1',
            // Weights never change their places: they need no part of the arena.
            use_device_allocator_for_initializers: '1',
          }
        : {}),
      // Given weights are read where they are, as others may come to lie there. CUDA packs none of ours, and
      // its NhwcConv learns only while it is asked to that a weight has its channels last (nn/conv.cc).
      ...(weights === undefined || isCuda(device) ? {} : { disable_prepacking: '1' }),
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
): Promise<NetworkSession> {
  requireTensors(component, options.tensors ?? graph.tensors);
  const refuse = (cause: unknown): never => {
    const { message } = cause as Error;
    throw new Error(`${component.directory}: cannot be loaded on ${network.device}: ${message}`, { cause });
  };
  const encode = ({ model, folder }: PlacedModel, initializers: WeightValues = {}): RuntimeModel => ({
    model: encodeModel(model),
    options: { ...sessionOptions(folder, network, options), initializers },
  });
  const place = (placed: NetworkGraph) => encode(placeWeights(placed, component));
  if (network.weights !== undefined) {
    const load = (placed: PlacedModel, values: WeightValues) =>
      openWhole(encode(placed, values), network, options);
    return network.weights.open(givenNetwork(component, graph, load)).catch(refuse);
  }
  if (isCuda(network.device)) return openWhole(place(graph), network, options).catch(refuse);
  const parts = network.device === 'cpu' && options.split === true ? splitGraph(graph) : [graph];
  const stages = await openTogether(
    parts.map((part) => () => {
      const steadyInputs = options.steadyInputs ?? [];
      const separated = network.device === 'cpu' ? separateSteady(part, steadyInputs) : undefined;
      return separated === undefined
        ? openStage(place(part))
        : openStage(place(separated.changing), { ...place(separated.steady), inputs: steadyInputs });
    }),
  ).catch(refuse);
  const turns = createTurns();
  return {
    warmedUp: new Set(),
    run: (inputs, signal, targets) => turns.alone(() => runStages(parts, stages, inputs, signal, targets)),
    release: async () => {
      await Promise.all(stages.map((stage) => stage.release()));
    },
  };
}

/** A graph in one session. */
async function openWhole(
  model: RuntimeModel,
  { device, cudaGraphs = false }: NetworkOptions,
  { capturable = false }: GraphOptions,
): Promise<NetworkSession> {
  const index = cudaIndex(device);
  if (index !== undefined && cudaGraphs && capturable) return openCapturingSession(model, index);
  const session = await openInferenceSession(model.model, model.options);
  return plainSession(session);
}

async function runStages(
  parts: readonly NetworkGraph[],
  stages: readonly Stage[],
  inputs: Tensors,
  signal: AbortSignal | undefined,
  targets: Tensors = {},
): Promise<Tensors> {
  const library = loadLibrary();
  const into = valuesOver(library, targets);
  let made: Record<string, TensorValue> = {};
  const releaseMade = (): void => {
    for (const value of Object.values(made)) value.release();
  };
  try {
    for (const [index, stage] of stages.entries()) {
      const { inputs: ports } = parts[index]!;
      const given: Readonly<Record<string, Tensor | TensorValue>> = { ...inputs, ...made };
      const feeds = ports.flatMap(({ name }) => (name in given ? [[name, given[name]!] as const] : []));
      const isLast = index === stages.length - 1;
      const next = await stage.run(Object.fromEntries(feeds), signal, isLast ? into : {});
      releaseMade();
      made = next;
    }
    return Object.fromEntries(
      Object.entries(made).map(([name, value]) => [name, targets[name] ?? readValue(library, value)]),
    );
  } finally {
    releaseMade();
    for (const value of Object.values(into)) value.release();
  }
}
