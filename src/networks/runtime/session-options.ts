import { written } from './c-memory.ts';
import { openCudaLibraries } from './cuda/cuda-libraries.ts';
import { appendCuda, type CudaOptions, shareCudaArena } from './cuda/cuda-options.ts';
import { cudaIndex, type Device } from './device.ts';
import type { Handle } from './function-table.ts';
import { type Library, logLevels } from './library.ts';
import { physicalCores } from './physical-cores.ts';
import { requireOk } from './runtime-error.ts';
import type { TensorValue } from './tensor-values.ts';

/** How much the runtime may change a graph; GraphOptimizationLevel. */
const levels = { disabled: 0, basic: 1, extended: 2, layout: 3, all: 99 } as const;
export type OptimizationLevel = keyof typeof levels;

export interface SessionOptions {
  readonly device: Device;
  /** Where the device is one of CUDA. */
  readonly cuda?: CudaOptions;
  /** All by default. */
  readonly level?: OptimizationLevel;
  /** Threads of one operator on the CPU; by default one per physical core. */
  readonly threads?: number;
  /** Session configuration entries: keys of onnxruntime_session_options_config_keys.h without "session.". */
  readonly config?: Readonly<Record<string, string>>;
  /**
   * Values in place of the model's initializers of these names, which the session uses as they are and the
   * caller keeps.
   */
  readonly initializers?: Readonly<Record<string, TensorValue>>;
  /** Whether memory of the CPU is kept from run to run; it is by default. */
  readonly cpuArena?: boolean;
  /** What is written to stderr; warnings by default. */
  readonly log?: keyof typeof logLevels;
  /** Measures every operator and writes that to a file whose name begins so. */
  readonly profile?: string;
}

/** @throws RuntimeError for a device or an option that the runtime refuses. */
export function createSessionOptions(library: Library, options: SessionOptions): Handle<'SessionOptions'> {
  const { api } = library;
  const created = written<Handle<'SessionOptions'>>((out) => requireOk(api, api.CreateSessionOptions(out)));
  try {
    apply(library, created, options);
    return created;
  } catch (error) {
    api.ReleaseSessionOptions(created);
    throw error;
  }
}

/**
 * On the CPU the thread that a run is called from computes too (see runInThread). Elsewhere a run takes one
 * of the session's own (see runAsynchronously), and with it come no more than its keeper.
 */
function threadsOf({ device, threads = physicalCores() }: SessionOptions): number {
  return device === 'cpu' ? threads : 2;
}

/**
 * Threads give their cores back after each run. Every session has threads of its own, which by default go on
 * spinning for more work when a run has ended: on cores that the next session or the event loop needs (of two
 * sessions in turn on two cores, each then takes 1.7 times as long). Within a run they still do.
 */
const idleThreads = { force_spinning_stop: '1' };

function apply(library: Library, created: Handle<'SessionOptions'>, options: SessionOptions): void {
  const { api } = library;
  const {
    device,
    cuda = {},
    level = 'all',
    config = {},
    initializers = {},
    cpuArena = true,
    log,
    profile,
  } = options;
  requireOk(api, api.SetSessionGraphOptimizationLevel(created, levels[level]));
  requireOk(api, api.SetIntraOpNumThreads(created, threadsOf(options)));
  if (log !== undefined) requireOk(api, api.SetSessionLogSeverityLevel(created, logLevels[log]));
  // A pattern of the allocations of one shape is kept and served as one block beside what the first run took:
  // the second decode of a VAE needs 1.7 times the memory of the first, and the arena holds 2.0 times as
  // much.
  requireOk(api, api.DisableMemPattern(created));
  if (!cpuArena) requireOk(api, api.DisableCpuMemArena(created));
  if (profile !== undefined) requireOk(api, api.EnableProfiling(created, profile));
  for (const [key, value] of Object.entries({ ...idleThreads, ...config }))
    requireOk(api, api.AddSessionConfigEntry(created, `session.${key}`, value));
  for (const [name, { handle }] of Object.entries(initializers))
    requireOk(api, api.AddInitializer(created, name, handle));
  if (device === 'webgpu') {
    const none = new BigUint64Array(1);
    requireOk(api, api.SessionOptionsAppendExecutionProvider(created, 'WebGPU', none, none, 0));
  }
  const index = cudaIndex(device);
  if (index !== undefined) {
    openCudaLibraries(library.folder);
    appendCuda(api, created, index, cuda);
    shareCudaArena(library, index, cuda);
    requireOk(api, api.AddSessionConfigEntry(created, 'session.use_env_allocators', '1'));
  }
}
