import { constants } from 'node:fs';
import { open, readdir, rename, stat, unlink } from 'node:fs/promises';
import path from 'node:path';
import { assertSafePath, type ResultStore, StoreError } from './result-store.ts';

/** Whoever runs gateway and worker under different users gives them a group; nobody else reads pictures. */
const fileMode = 0o660;
const unfinished = '.part';

/**
 * Files in one folder, `<request id>/<token>-0.jpg` as `<request id>_<token>-0.jpg`: no folders inside, so
 * that a name is a name and no link on the way leads out. A file gets its name once it is on the disk whole.
 */
export function folderStore(folder: string): ResultStore {
  const fileOf = (name: string): string => {
    assertSafePath(name);
    return path.join(folder, name.replaceAll('/', '_'));
  };
  return {
    // Processes may reach the same folder by different ways.
    name: 'dir',
    put: (name, bytes) =>
      orStoreError(`${folder} cannot be written`, async () => {
        const file = fileOf(name);
        try {
          await writeWhole(`${file}${unfinished}`, bytes);
          await rename(`${file}${unfinished}`, file);
        } catch (error) {
          await remove(`${file}${unfinished}`).catch(() => undefined);
          throw error;
        }
        await syncFolder(folder);
      }),
    get: (name) =>
      orStoreError(`${folder} cannot be read`, async () => {
        try {
          await using file = await open(fileOf(name), constants.O_RDONLY | constants.O_NOFOLLOW);
          return await file.readFile();
        } catch (error) {
          // ELOOP: a link, which nobody here has made.
          if (['ENOENT', 'ELOOP'].includes(codeOf(error))) return undefined;
          throw error;
        }
      }),
    delete: (name) =>
      orStoreError(`${folder} cannot be deleted`, async () => {
        const file = fileOf(name);
        await remove(file);
        await remove(`${file}${unfinished}`);
      }),
    list: () => listFolder(folder),
  };
}

async function writeWhole(file: string, bytes: Uint8Array): Promise<void> {
  // What an earlier try has left is written anew; a link is never followed.
  const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_TRUNC | constants.O_NOFOLLOW;
  await using handle = await open(file, flags, fileMode);
  await handle.writeFile(bytes);
  await handle.sync();
}

/** A new name is on the disk once its folder is. */
async function syncFolder(folder: string): Promise<void> {
  await using handle = await open(folder, constants.O_RDONLY | constants.O_DIRECTORY);
  await handle.sync();
}

async function remove(file: string): Promise<void> {
  await unlink(file).catch((error) => {
    if (codeOf(error) !== 'ENOENT') throw error;
  });
}

/** Files that are named as `put` names them, unfinished ones by the path they were to have. */
async function* listFolder(folder: string): AsyncIterable<{ path: string; ageMs: number }> {
  const names = await orStoreError(`${folder} cannot be listed`, () => readdir(folder));
  for (const name of names) {
    const [, id, rest] =
      /^([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})_([0-9a-f]{32}-\d+\.\w+?)(?:\.part)?$/.exec(name) ?? [];
    const found = id && (await stat(path.join(folder, name)).catch(() => undefined));
    if (found) yield { path: `${id}/${rest}`, ageMs: Date.now() - found.mtimeMs };
  }
}

function codeOf(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? '';
}

async function orStoreError<Result>(trouble: string, act: () => Promise<Result>): Promise<Result> {
  try {
    return await act();
  } catch (cause) {
    if (codeOf(cause) === '') throw cause;
    throw new StoreError(`${trouble} (${codeOf(cause)})`, { cause });
  }
}
