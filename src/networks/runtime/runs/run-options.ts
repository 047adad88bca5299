import type { CudaOptions } from '../cuda/cuda-options.ts';
import { cudaIndex, type Device } from '../device.ts';
import type { Tensors, TensorValue } from '../tensor-values.ts';

export interface RunOptions {
  /** Ends the run within the operator that is under way; the session can be used as before. */
  readonly signal?: AbortSignal | undefined;
  /** Outputs wanted; all by default. */
  readonly outputs?: readonly string[];
  /** Values to write outputs to, by name; the others the runtime makes. */
  readonly into?: Readonly<Record<string, TensorValue>>;
  /**
   * Arrays that outputs are written to, by name, where arrays are wanted: large ones that are made anew for
   * each run have V8 collect garbage several times in a picture. They must not be read until the run has
   * ended.
   */
  readonly targets?: Tensors | undefined;
  /** Captures the run as a CUDA graph, or replays that. */
  readonly graph?: GraphRun;
  /** Gives back to the device, after the run, what of the arena is not in use. */
  readonly shrink?: boolean;
}

/** A run that is captured as the CUDA graph of a number, or replays it. */
export interface GraphRun {
  /** From 1; each has inputs and outputs of one shape and at one place. */
  readonly id: number;
  /** Called in the run's turn, when nothing else uses the device. */
  before(): void;
  after(): void;
}

/**
 * CUDA graphs that may be replayed, of all devices; an arena that has lost memory under one would be written
 * to by its replay.
 */
let graphsHeld = 0;

/** Called where one is captured, with 1, and where it can be replayed no more, with -1. */
export function countGraphs(change: 1 | -1): void {
  graphsHeld += change;
}

/** Whether an arena of a CUDA device may give memory back. */
export function canShrink(): boolean {
  return graphsHeld === 0;
}

/**
 * Run configuration entries, of onnxruntime_run_options_config_keys.h. In a session with graphs, every run
 * without a number would be captured as the graph 0.
 * @throws Error where the arena is to shrink under graphs that were captured in it.
 */
export function runConfig(
  device: Device,
  { graphs = false }: CudaOptions,
  { graph, shrink = false }: RunOptions,
): Record<string, string> {
  const index = cudaIndex(device);
  if (shrink && !canShrink() && index !== undefined)
    throw new Error('the arena cannot shrink: CUDA graphs have their intermediate values in it');
  return {
    ...(graphs ? { gpu_graph_id: String(graph?.id ?? -1) } : {}),
    ...(shrink
      ? { 'memory.enable_memory_arena_shrinkage': index === undefined ? 'cpu:0' : `gpu:${index}` }
      : {}),
  };
}
