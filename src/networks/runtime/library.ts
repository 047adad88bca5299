import path from 'node:path';
import koffi, { type LibraryHandle } from 'koffi';
import { written } from './c-memory.ts';
import { runtimeFolder } from './cuda/cuda-folder.ts';
import { apiVersion, functionTable, type Handle, type OrtApi } from './function-table.ts';
import { requireOk } from './runtime-error.ts';
import { openForGood } from './shared-objects.ts';

/** ONNX Runtime, loaded: its functions, and the environment that all sessions of the process share. */
export interface Library {
  readonly api: OrtApi;
  readonly env: Handle<'Env'>;
  /** Where it was loaded from, and looks for its providers. */
  readonly folder: string;
}

const names: Partial<Record<NodeJS.Platform, string>> = {
  linux: 'libonnxruntime.so.1',
  darwin: 'libonnxruntime.1.dylib',
  win32: 'onnxruntime.dll',
};

let loaded: Library | undefined;

/**
 * Loads the library once; it stays for as long as the process lives.
 * @param folder taken by the first call, where the library looks for those of its providers too; by default
 * that of the CUDA provider, or the one that onnxruntime-node has for this platform.
 * @throws Error naming the file where it cannot be loaded.
 */
export function loadLibrary(folder: string = runtimeFolder()): Library {
  loaded ??= open(folder);
  return loaded;
}

/**
 * koffi runs the library on stacks of its own; ONNX Runtime is written for a thread's usual 8 MB. Only before
 * anything is loaded.
 */
const stackBytes = 16 * 2 ** 20;
koffi.config({ sync_stack_size: stackBytes, async_stack_size: stackBytes });

function open(folder: string): Library {
  const name = names[process.platform];
  if (name === undefined) throw new Error(`ONNX Runtime has no library for ${process.platform}`);
  const file = path.join(folder, name);
  // Unless it is told not to before its environment is made, the library names this machine in a file of the
  // user's home and reports its use to its maker (onnxruntime/core/platform/posix/telemetry.cc, 1.30).
  process.env.ORT_DISABLE_TELEMETRY = '1';
  const getApiBase = pin(file).func('OrtGetApiBase', 'void *', []);
  const [getApi] = koffi.decode(getApiBase(), 'void *', 1);
  const address = koffi.call(getApi, koffi.proto('void *', ['uint32_t']), apiVersion);
  if (address === null) throw new Error(`${file} does not know version ${apiVersion} of its own interface`);
  const api = functionTable(address);
  const env = written<Handle<'Env'>>((out) =>
    requireOk(api, api.CreateEnv(logLevels.warning, 'onnxruntime', out)),
  );
  // On Windows by this alone.
  requireOk(api, api.DisableTelemetryEvents(env));
  return { api, env, folder };
}

/** OrtLoggingLevel. */
export const logLevels = { warning: 2, error: 3, fatal: 4 } as const;

/**
 * koffi unloads a library when its handle is collected and when the process exits: before the exit handlers
 * of ONNX Runtime's providers, and under functions that were found in its tables. On Linux the loader is told
 * not to; elsewhere the handle is kept.
 */
function pin(file: string): LibraryHandle {
  try {
    if (process.platform === 'linux') openForGood(file);
    handle = koffi.load(file);
  } catch (cause) {
    throw new Error(`${file}: ${(cause as Error).message}`, { cause });
  }
  return handle;
}

let handle: LibraryHandle | undefined;
