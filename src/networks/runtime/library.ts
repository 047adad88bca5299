import path from 'node:path';
import koffi, { type LibraryHandle } from 'koffi';
import { apiVersion, functionTable, type Handle, type OrtApi } from './function-table.ts';
import { shippedFolder } from './runtime.ts';
import { requireOk } from './runtime-error.ts';

/** ONNX Runtime, loaded: its functions, and the environment that all sessions of the process share. */
export interface Library {
  readonly api: OrtApi;
  readonly env: Handle<'Env'>;
  /** Where the library lies; it looks for those of its providers there. */
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
 * @param folder taken by the first call; by default the one that onnxruntime-node has for this platform.
 * @throws Error naming the file where it cannot be loaded.
 */
export function loadLibrary(folder: string = shippedFolder): Library {
  loaded ??= open(folder);
  return loaded;
}

/** koffi runs the library on stacks of its own; ONNX Runtime is written for a thread's usual 8 MB. */
const stackBytes = 16 * 2 ** 20;

function open(folder: string): Library {
  const name = names[process.platform];
  if (name === undefined) throw new Error(`ONNX Runtime has no library for ${process.platform}`);
  const file = path.join(folder, name);
  koffi.config({ sync_stack_size: stackBytes, async_stack_size: stackBytes });
  const getApiBase = pin(file).func('OrtGetApiBase', 'void *', []);
  const [getApi] = koffi.decode(getApiBase(), 'void *', 1);
  const address = koffi.call(getApi, koffi.proto('void *', ['uint32_t']), apiVersion);
  if (address === null) throw new Error(`${file} does not know version ${apiVersion} of its own interface`);
  const api = functionTable(address);
  const env = new BigUint64Array(1);
  requireOk(api, api.CreateEnv(logLevels.warning, 'onnxruntime', env));
  return { api, env: env[0] as Handle<'Env'>, folder };
}

/** OrtLoggingLevel. */
export const logLevels = { warning: 2, error: 3, fatal: 4 } as const;

/** From dlfcn.h of Linux: resolve all symbols now, and never unload. */
const resolveNow = 2;
const neverUnload = 0x1000;

/**
 * koffi unloads a library when its handle is collected and when the process exits: before the exit handlers
 * of ONNX Runtime's providers, and under functions that were found in its tables. On Linux the loader is told
 * not to; elsewhere the handle is kept.
 */
function pin(file: string): LibraryHandle {
  if (process.platform === 'linux') {
    const dlopen = koffi.load('libc.so.6').func('dlopen', 'void *', ['str', 'int']);
    dlopen(file, resolveNow | neverUnload);
  }
  handle = koffi.load(file);
  return handle;
}

let handle: LibraryHandle | undefined;
