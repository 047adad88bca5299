import { type TextArray, textArray, written } from '../c-memory.ts';
import type { Handle, OrtApi } from '../function-table.ts';
import type { Library } from '../library.ts';
import { requireOk } from '../runtime-error.ts';
import { memoryInfo, placeOf } from '../tensor-values.ts';

export interface CudaOptions {
  /** Whether runs may be captured as CUDA graphs and replayed (see cudaGraphs). */
  readonly graphs?: boolean;
  /**
   * Most bytes that the arena may take of the device, for all sessions together; the first session's holds.
   */
  readonly memoryLimit?: number;
  /** Whether products of float32 may take their factors as TF32, of 10 bits; they may by default. */
  readonly tensorFloat32?: boolean;
}

const provider = 'CUDAExecutionProvider';

/**
 * Options of CUDAExecutionProvider: onnxruntime's CUDA execution provider page, "Configuration Options". The
 * heuristic search finds convolutions as fast as trying all of them does (a UNet step of 37.2 ms on an H200),
 * in 1.04 s instead of 1.3 to 1.9. It is cuDNN's heuristic A: the only cheaper one is called FALLBACK, of
 * which the provider itself warns. A convolution keeps the plan for its last input alone (Conv::UpdateState
 * of core/providers/cuda/nn/conv.cc), so that every change of a picture's size plans all of them anew, save
 * where a CUDA graph is replayed. Workspaces are as large as the plans want them, whatever
 * cudnn_conv_use_max_workspace says.
 */
function providerOptions(
  index: number,
  { graphs = false, tensorFloat32 = true }: CudaOptions,
): Record<string, string> {
  return {
    device_id: String(index),
    cudnn_conv_algo_search: 'HEURISTIC',
    fuse_conv_bias: '1',
    arena_extend_strategy: 'kSameAsRequested',
    enable_cuda_graph: graphs ? '1' : '0',
    use_tf32: tensorFloat32 ? '1' : '0',
  };
}

/** @throws RuntimeError saying which library could not be loaded, or which option is refused. */
export function appendCuda(
  api: OrtApi,
  session: Handle<'SessionOptions'>,
  index: number,
  options: CudaOptions,
): void {
  const entries = Object.entries(providerOptions(index, options));
  const [keys, values] = [
    textArray(entries.map(([key]) => key)),
    textArray(entries.map(([, value]) => value)),
  ];
  const created = written<Handle<'CudaOptions'>>((out) => requireOk(api, api.CreateCUDAProviderOptions(out)));
  try {
    // Loads the provider: of the two calls only this one says why that fails.
    requireOk(api, api.UpdateCUDAProviderOptions(created, keys.addresses, values.addresses, entries.length));
    requireOk(api, api.SessionOptionsAppendExecutionProvider_CUDA_V2(session, created));
  } finally {
    api.ReleaseCUDAProviderOptions(created);
  }
}

/** Devices whose arena is there: registering a second one would replace it under the sessions that use it. */
const shared = new Set<number>();

const extendAsRequested = 1;

/**
 * One arena of a device's memory for all sessions, which takes what is asked for and not the next power of
 * two: sessions run in turn and so can use the same memory. It outlives them. Only after CUDA's provider was
 * appended to a session's options: before, the library ends the process.
 */
export function shareCudaArena(library: Library, index: number, { memoryLimit = 0 }: CudaOptions): void {
  if (shared.has(index)) return;
  const { api, env } = library;
  const config: Record<string, bigint> = {
    max_mem: BigInt(memoryLimit),
    arena_extend_strategy: BigInt(extendAsRequested),
  };
  const keys = textArray(Object.keys(config));
  const numbers = BigUint64Array.from(Object.values(config));
  const arena = written<Handle<'ArenaCfg'>>((out) =>
    requireOk(api, api.CreateArenaCfgV2(keys.addresses, numbers, numbers.length, out)),
  );
  const info = memoryInfo(library, placeOf(index));
  const [optionKeys, optionValues]: TextArray[] = [textArray(['device_id']), textArray([String(index)])];
  try {
    requireOk(
      api,
      api.CreateAndRegisterAllocatorV2(
        ...([env, provider, info, arena] as const),
        ...([optionKeys!.addresses, optionValues!.addresses, 1] as const),
      ),
    );
    shared.add(index);
  } finally {
    api.ReleaseMemoryInfo(info);
    api.ReleaseArenaCfg(arena);
  }
}
