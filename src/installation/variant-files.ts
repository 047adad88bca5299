import { readdir, rm, stat, utimes } from 'node:fs/promises';
import path from 'node:path';

/**
 * Files of merged weights. Engines of several devices share their folder, and networks that leave a device by
 * turns read theirs again: a file's time is that of its last use.
 */

/** Files that stay for the next start; of SDXL's UNet in float16 up to 5 GB each. */
const mostFiles = 4;
/** About as long as a request goes on with what it has found; one that goes on for longer begins anew. */
const usedLatelyMs = 300_000;

/** @returns false where the file has gone. */
export async function markUsed(file: string): Promise<boolean> {
  const now = new Date();
  return utimes(file, now, now).then(
    () => true,
    () => false,
  );
}

/** Deletes all but the files that were used last, and those that may still be read. */
export async function deleteUnused(directory: string, now = Date.now()): Promise<void> {
  const names = await readdir(directory).catch(() => []);
  const files = await Promise.all(
    names
      .filter((name) => /^loras-[0-9a-f]+\.safetensors$/.test(name))
      .map(async (name) => {
        const file = path.join(directory, name);
        const usedAt = await stat(file).then(
          ({ mtimeMs }) => mtimeMs,
          () => 0,
        );
        return { file, usedAt };
      }),
  );
  files.sort((a, b) => b.usedAt - a.usedAt);
  for (const { file, usedAt } of files.slice(mostFiles))
    if (now - usedAt > usedLatelyMs) await rm(file, { force: true });
}
