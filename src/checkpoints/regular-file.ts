import { constants } from 'node:fs';
import { type FileHandle, open, readFile } from 'node:fs/promises';
import { CheckpointError } from './checkpoint-error.ts';

/**
 * Opens a regular file for reading. Never waits: a pipe without a writer would hold a plain open for ever.
 * @param name what messages call it.
 * @throws CheckpointError naming a file that is missing, unreadable or no regular one.
 */
export async function openRegularFile(file: string, name = file): Promise<FileHandle> {
  const handle = await open(file, constants.O_RDONLY | constants.O_NONBLOCK).catch(
    (cause: NodeJS.ErrnoException) => {
      throw new CheckpointError(`${name}: ${cause.code === 'ENOENT' ? 'missing' : cause.message}`, { cause });
    },
  );
  if ((await handle.stat()).isFile()) return handle;
  await handle.close();
  throw new CheckpointError(`${name}: not a regular file`);
}

/** The text of a regular file of at most `maximumBytes`. @throws CheckpointError as openRegularFile does. */
export async function readRegularFile(file: string, maximumBytes: number): Promise<string> {
  const handle = await openRegularFile(file);
  try {
    const { size } = await handle.stat();
    if (size > maximumBytes)
      throw new CheckpointError(`${file}: ${size} bytes, the limit is ${maximumBytes}`);
    return await readFile(handle, 'utf8');
  } finally {
    await handle.close();
  }
}
