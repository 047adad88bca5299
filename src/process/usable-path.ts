import {
  accessSync,
  constants,
  mkdirSync,
  readdirSync,
  rmSync,
  type Stats,
  statSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';

/** A place that a setting or an option names cannot be used; the message names both. */
export class PathError extends Error {
  override readonly name = 'PathError';
}

/**
 * That there is a folder whose entries can be read.
 * @param what the setting or option, for the message. @throws PathError
 */
export function requireFolder(what: string, place: string): void {
  const stats = statOf(what, place);
  if (stats === undefined) refuse(what, place, 'there is no such folder');
  if (!stats.isDirectory()) refuse(what, place, 'is a file, not a folder');
  attempt(what, place, 'cannot be read', () => readdirSync(place));
}

/** That there is a file that can be read. @throws PathError */
export function requireFile(what: string, place: string): void {
  const stats = statOf(what, place);
  if (stats === undefined) refuse(what, place, 'there is no such file');
  if (stats.isDirectory()) refuse(what, place, 'is a folder, not a file');
  if (!stats.isFile()) refuse(what, place, 'is no ordinary file');
  attempt(what, place, 'cannot be read', () => accessSync(place, constants.R_OK));
}

/**
 * Makes a folder with those above it where they are missing, and proves that files can be made in it.
 * @param mode of folders that are made. @throws PathError
 */
export function makeFolder(what: string, place: string, mode = 0o777): void {
  const stats = statOf(what, place);
  if (stats !== undefined && !stats.isDirectory()) refuse(what, place, 'is a file, not a folder');
  // mkdir with `recursive` never returns where the kernel says ENOENT of a folder that is there, as in /proc.
  const missing: string[] = [];
  for (let at = path.resolve(place); statOf(what, at) === undefined; at = path.dirname(at))
    missing.unshift(at);
  for (const folder of missing)
    attempt(what, place, 'cannot be made', () => {
      try {
        mkdirSync(folder, { mode });
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      }
    });
  prove(what, place);
}

/**
 * That a file can be written here, before hours are spent on what it will hold. Its folder must be there.
 * @throws PathError
 */
export function requireWritable(what: string, file: string): void {
  const stats = statOf(what, file);
  if (stats?.isDirectory()) refuse(what, file, 'is a folder, not a file');
  const folder = path.dirname(path.resolve(file));
  const above = statOf(what, folder);
  if (above === undefined) refuse(what, file, `there is no folder ${folder}`);
  if (!above.isDirectory()) refuse(what, file, `${folder} is a file, not a folder`);
  if (stats !== undefined) attempt(what, file, 'cannot be written', () => accessSync(file, constants.W_OK));
  // A device, such as /dev/stdout, is written where it is.
  if (stats === undefined || stats.isFile()) prove(what, folder, file);
}

/** Permissions say less than a try: root, read-only mounts, /proc. */
function prove(what: string, folder: string, shown = folder): void {
  const probe = path.join(folder, `.write-test-${process.pid}`);
  attempt(what, shown, 'cannot be written', () => {
    writeFileSync(probe, '');
    rmSync(probe);
  });
}

function statOf(what: string, place: string): Stats | undefined {
  return attempt(what, place, 'cannot be looked at', () => {
    try {
      return statSync(place);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw error;
    }
  });
}

const reasons: Readonly<Record<string, string>> = {
  EACCES: 'this user may not (EACCES)',
  EPERM: 'this user may not (EPERM)',
  EROFS: 'its file system is read-only (EROFS)',
  ENOENT: 'no file can be made there (ENOENT)',
  ENOTDIR: 'a part of the path is a file (ENOTDIR)',
  ENOSPC: 'the disk is full (ENOSPC)',
  ENAMETOOLONG: 'the name is too long (ENAMETOOLONG)',
  ELOOP: 'its links lead in a circle (ELOOP)',
};

function attempt<Result>(what: string, place: string, trouble: string, act: () => Result): Result {
  try {
    return act();
  } catch (cause) {
    const { code = '', message } = cause as NodeJS.ErrnoException;
    throw new PathError(`${what}=${JSON.stringify(place)}: ${trouble}: ${reasons[code] ?? message}`, {
      cause,
    });
  }
}

function refuse(what: string, place: string, reason: string): never {
  throw new PathError(`${what}=${JSON.stringify(place)}: ${reason}`);
}
