import type { FileHandle } from 'node:fs/promises';

/**
 * Fills `target` with the bytes of a file from `position` on: one read gives at most 2 GiB, and fewer bytes than
 * asked for are no error.
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
