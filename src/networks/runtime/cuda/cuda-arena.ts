import { encodeModel } from '../../../onnx/onnx-proto.ts';
import { openInferenceSession } from '../inference-session.ts';
import { canShrink } from '../runs/run-options.ts';
import { cudaMemoryInfo } from './cuda-memory.ts';
import type { CudaOptions } from './cuda-options.ts';

/** The arena that all sessions of a device compute in. */
export interface CudaArena {
  /** Bytes of the device: free for everybody now, and in all. */
  memory(): { readonly free: number; readonly total: number };
  /**
   * Gives back to the device what no session uses at the moment. Does nothing once CUDA graphs were captured,
   * which have their intermediate values there.
   */
  trim(): Promise<void>;
  release(): Promise<void>;
}

/**
 * Opens a device without any network: the arena is looked after by the run of a session of its own, which
 * adds one number to itself.
 * @param cuda its memoryLimit holds for all sessions, where this is the first of the device.
 * @throws RuntimeError saying which library could not be loaded.
 */
export async function openCudaArena(index: number, cuda: CudaOptions = {}): Promise<CudaArena> {
  const port = (name: string) => ({ name, dataType: 'float32' as const, shape: [1] });
  const model = encodeModel({
    ...{ name: 'arena', opsets: { '': 18 }, initializers: [] },
    inputs: [port('x')],
    outputs: [port('y')],
    nodes: [{ name: 'add', domain: '', op: 'Add', inputs: ['x', 'x'], outputs: ['y'], attributes: {} }],
  });
  const session = await openInferenceSession(model, { device: `cuda:${index}`, cuda });
  const run = (shrink: boolean) =>
    session.run({ x: { data: new Float32Array(1), shape: [1] } }, { shrink: shrink && canShrink() });
  // Now the device's context is there, and what it takes is no longer free.
  await run(false);
  return {
    memory: () => cudaMemoryInfo(index),
    trim: async () => {
      if (canShrink()) await run(true);
    },
    release: session.release,
  };
}
