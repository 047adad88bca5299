import { createReadStream, readFileSync } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';

const require = createRequire(import.meta.url);
const packageFolder = path.dirname(require.resolve('onnxruntime-node/package.json'));

/** Version of the onnxruntime-node that is installed; the provider libraries must be of the same. */
export const runtimeVersion: string = JSON.parse(
  readFileSync(path.join(packageFolder, 'package.json'), 'utf8'),
).version;

/**
 * Where onnxruntime-node has its own library and looks for provider libraries (CUDA exists for linux x64
 * alone).
 */
export const bindingFolder = path.join(packageFolder, 'bin', 'napi-v6', process.platform, process.arch);

export const cudaLibrary = 'libonnxruntime_providers_cuda.so';
export const sharedLibrary = 'libonnxruntime_providers_shared.so';
export const providerLibraries = [cudaLibrary, sharedLibrary] as const;

/** Written by cuda:install beside the libraries: where they come from. */
export const recordName = 'libonnxruntime_providers.json';

export interface ProviderRecord {
  readonly version: string;
  readonly url: string;
  /** Of the downloaded package. */
  readonly sha256: string;
  /** Bytes of each library. */
  readonly bytes: Readonly<Record<string, number>>;
}

export interface ProviderFiles {
  /** Bytes by library; undefined where it is not there. */
  readonly bytes: Readonly<Record<string, number | undefined>>;
  /** What cuda:install wrote, if the libraries still have the sizes it says. */
  readonly record: ProviderRecord | undefined;
  /** Whether the CUDA library's bytes name the runtime's version. */
  readonly namesVersion: boolean;
}

/** Looks at the provider libraries of a folder. */
export async function readProviderFiles(folder: string, version: string): Promise<ProviderFiles> {
  const bytes: Record<string, number | undefined> = {};
  for (const name of providerLibraries)
    bytes[name] = (await stat(path.join(folder, name)).catch(() => undefined))?.size;
  const text = await readFile(path.join(folder, recordName), 'utf8').catch(() => undefined);
  const record: ProviderRecord | undefined = text === undefined ? undefined : JSON.parse(text);
  const isCurrent =
    record !== undefined && providerLibraries.every((name) => bytes[name] === record.bytes[name]);
  return {
    bytes,
    record: isCurrent ? record : undefined,
    namesVersion: bytes[cudaLibrary] !== undefined && (await holds(path.join(folder, cudaLibrary), version)),
  };
}

/** Whether a file holds a text, read in pieces. */
async function holds(file: string, text: string): Promise<boolean> {
  let rest = Buffer.alloc(0);
  for await (const piece of createReadStream(file, { highWaterMark: 2 ** 22 })) {
    const window = Buffer.concat([rest, piece]);
    if (window.includes(text)) return true;
    rest = window.subarray(-text.length);
  }
  return false;
}
