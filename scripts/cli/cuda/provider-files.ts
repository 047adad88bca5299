import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import path from 'node:path';
import {
  type CudaRecord,
  cudaLibrary,
  providerLibraries,
  readCudaRecord,
} from '../../../src/networks/runtime/cuda/cuda-folder.ts';

export interface ProviderFiles {
  /** Bytes by library; undefined where it is not there. */
  readonly bytes: Readonly<Record<string, number | undefined>>;
  /** What cuda:install wrote, if the provider's libraries still have the sizes it says. */
  readonly record: CudaRecord | undefined;
  /** Whether the CUDA library's bytes name the runtime's version. */
  readonly namesVersion: boolean;
}

/** Looks at the provider libraries of a folder. */
export async function readProviderFiles(folder: string, version: string): Promise<ProviderFiles> {
  const bytes: Record<string, number | undefined> = {};
  for (const name of providerLibraries)
    bytes[name] = (await stat(path.join(folder, name)).catch(() => undefined))?.size;
  const record = readCudaRecord(folder);
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
