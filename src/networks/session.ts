import { InferenceSession, type Tensor } from 'onnxruntime-node';
import type { Component } from '../checkpoints/checkpoint.ts';
import { requireTensors } from '../checkpoints/require-tensors.ts';
import type { NetworkGraph } from '../graphs/graph.ts';
import { encodeModel } from '../graphs/onnx-proto.ts';
import { placeWeights } from '../graphs/place-weights.ts';
import type { Device } from './device.ts';

export interface NetworkOptions {
  readonly device: Device;
  /** Threads of one operator; by default one per physical core. */
  readonly threads?: number;
}

/** A loaded graph. */
export interface Session {
  /** Runs the graph; blocks its thread meanwhile. @returns the outputs by name. */
  run(inputs: Readonly<Record<string, Tensor>>): Promise<Readonly<Record<string, Tensor>>>;
  release(): Promise<void>;
}

type ProviderConfig = InferenceSession.ExecutionProviderConfig;

function providers(device: Device): ProviderConfig[] {
  if (device === 'cpu') return ['cpu'];
  if (device === 'webgpu') return ['webgpu'];
  return [{ name: 'cuda', deviceId: Number(device.slice('cuda:'.length)) }];
}

/**
 * Checks a component's tensors against its network and loads the graph. The weights are read from the checkpoint's own
 * files; nothing is written.
 * @param tensors every tensor of the component by its config, where the graph alone does not know them all.
 * @throws CheckpointError naming file and tensor; Error naming device and component where the runtime refuses.
 */
export async function openSession(
  component: Component<unknown>,
  graph: NetworkGraph,
  { device, threads }: NetworkOptions,
  tensors: ReadonlyMap<string, readonly number[]> = graph.tensors,
): Promise<Session> {
  requireTensors(component, tensors);
  const { model, folder } = placeWeights(graph, component);
  const session = await InferenceSession.create(encodeModel(model), {
    executionProviders: providers(device),
    graphOptimizationLevel: 'all',
    ...(threads === undefined ? {} : { intraOpNumThreads: threads }),
    extra: {
      session: {
        model_external_initializers_file_folder_path: folder,
        // A node that CUDA does not implement is a mistake in the graph, not something to be slow about.
        ...(device.startsWith('cuda') ? { disable_cpu_ep_fallback: '1' } : {}),
      },
    },
  }).catch((cause: unknown) => {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new Error(`${component.directory}: cannot be loaded on ${device}: ${reason}`, { cause });
  });
  return {
    run: (inputs) => session.run(inputs),
    release: () => session.release(),
  };
}
