import { type FileHandle, open } from 'node:fs/promises';

/**
 * Fills `target` with the bytes of a file from `position` on: one read gives at most 2 GiB, and fewer bytes
 * than asked for are no error.
 * @returns how many there were; fewer than fit where the file ends.
 */
export async function readAt(handle: FileHandle, target: Uint8Array, position: number): Promise<number> {
  let done = 0;
  while (done < target.byteLength) {
    const { bytesRead } = await handle.read(target, done, target.byteLength - done, position + done);
    if (bytesRead === 0) break;
    done += bytesRead;
  }
  return done;
}

/** The same for a file that has them all. @throws Error naming it where it ends before. */
export async function readAllAt(
  handle: FileHandle,
  file: string,
  target: Uint8Array,
  position: number,
): Promise<void> {
  if ((await readAt(handle, target, position)) < target.byteLength)
    throw new Error(`${file}: ends before byte ${position + target.byteLength}`);
}

/** Opens each of these files once for as long as the work lasts. @param work is given them by their paths. */
export async function withFiles<Made>(
  paths: readonly string[],
  work: (files: ReadonlyMap<string, FileHandle>) => Promise<Made>,
): Promise<Made> {
  const files = new Map<string, FileHandle>();
  try {
    for (const file of paths) if (!files.has(file)) files.set(file, await open(file, 'r'));
    return await work(files);
  } finally {
    for (const handle of files.values()) await handle.close();
  }
}
