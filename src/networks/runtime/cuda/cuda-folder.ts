import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { ownCommand } from '../../../process/own-command.ts';
import { packageRoot } from '../../../process/package-root.ts';
import { shippedFolder } from '../runtime.ts';

/**
 * Where `npm run cuda:install` puts ONNX Runtime's CUDA provider and the libraries of CUDA and cuDNN that it
 * needs, with a link to ONNX Runtime's own library, which looks for its providers in the folder that it was
 * loaded from. Removing the folder is uninstalling them.
 */
export const cudaFolder = path.join(packageRoot, 'cuda-libraries');

export const cudaLibrary = 'libonnxruntime_providers_cuda.so';
export const sharedLibrary = 'libonnxruntime_providers_shared.so';
export const providerLibraries = [cudaLibrary, sharedLibrary] as const;

/** Written by cuda:install beside the libraries when all are there. */
export const recordName = 'installed.json';

export interface CudaRecord {
  /** Of ONNX Runtime, whose provider this is. */
  readonly version: string;
  readonly packages: readonly {
    readonly name: string;
    readonly url: string;
    /** Of the downloaded package. */
    readonly sha256: string;
    readonly libraries: readonly string[];
  }[];
  /** Bytes of each library. */
  readonly bytes: Readonly<Record<string, number>>;
  /** What the provider needs, each library behind those that it needs itself. */
  readonly order: readonly string[];
}

/** @returns undefined where nothing is installed. @throws Error naming the file where it is damaged. */
export function readCudaRecord(folder: string): CudaRecord | undefined {
  const file = path.join(folder, recordName);
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
  try {
    const record: CudaRecord = JSON.parse(text);
    if (Array.isArray(record.order) && record.order.every((name) => /^lib[\w.-]+$/.test(name))) return record;
  } catch {
    // Said below.
  }
  throw new Error(`${file}: is damaged; remove ${folder} and run ${ownCommand('cuda:install')} again`);
}

const installed = ['libonnxruntime.so.1', ...providerLibraries];
const hasAll = (folder: string): boolean => installed.every((name) => existsSync(path.join(folder, name)));

/** Whether ONNX Runtime has its CUDA provider beside it. */
export function hasCudaProvider(): boolean {
  return hasAll(cudaFolder) || hasAll(shippedFolder);
}

/** The folder of ONNX Runtime's library: with the CUDA provider beside it where cuda:install has put it. */
export function runtimeFolder(): string {
  return hasAll(cudaFolder) ? cudaFolder : shippedFolder;
}
