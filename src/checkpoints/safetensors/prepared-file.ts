import { createHash } from 'node:crypto';
import { mkdir, rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import type { TensorLocation } from '../checkpoint.ts';
import { readSafetensorsHeader } from './safetensors.ts';
import { type TensorSource, writeSafetensors } from './write-safetensors.ts';

/**
 * Tensors made of a checkpoint's own and kept beside it, in a file whose name tells what it was made from.
 */
export interface PreparedFile {
  readonly file: string;
  /** What the tensors depend on, as text. */
  readonly madeFrom: string;
}

/** Metadata entry with what the file was made from. */
const madeFromKey = 'sdxl-server.made-from';

export function preparedFile(directory: string, kind: string, madeFrom: unknown): PreparedFile {
  const text = JSON.stringify(madeFrom);
  const hash = createHash('sha256').update(text).digest('hex').slice(0, 16);
  return { file: path.join(directory, `${kind}-${hash}.safetensors`), madeFrom: text };
}

/**
 * Names, sizes and times of files, sorted. Not where they lie: a folder prepared on the host is mounted
 * elsewhere in a container.
 */
export function fileStates(files: Iterable<string>): Promise<(string | number)[][]> {
  return Promise.all([...new Set(files)].sort().map(fileState));
}

export async function fileState(file: string): Promise<(string | number)[]> {
  const { size, mtimeMs } = await stat(file);
  return [path.basename(file), size, mtimeMs];
}

/** The tensors of a file that was prepared before; undefined where it was not, or of something else. */
export async function readPrepared({
  file,
  madeFrom,
}: PreparedFile): Promise<ReadonlyMap<string, TensorLocation> | undefined> {
  const isThere = await stat(file).then(
    () => true,
    () => false,
  );
  if (!isThere) return undefined;
  const { metadata, tensors } = await readSafetensorsHeader(file);
  return metadata[madeFromKey] === madeFrom ? tensors : undefined;
}

/** Writes the file whole or not at all, and its folder. */
export async function writePrepared(
  { file, madeFrom }: PreparedFile,
  sources: readonly TensorSource[],
): Promise<void> {
  await mkdir(path.dirname(file), { recursive: true });
  const partial = `${file}.${process.pid}.partial`;
  try {
    await rm(partial, { force: true });
    await writeSafetensors(partial, sources, { format: 'pt', [madeFromKey]: madeFrom });
    await rename(partial, file);
  } finally {
    await rm(partial, { force: true });
  }
}
