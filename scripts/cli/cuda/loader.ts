import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import path from 'node:path';
import { type ElfLibrary, readElf } from './elf.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** Where the dynamic loader looks besides a library's own RUNPATH. */
export interface LoaderPath {
  /** soname -> file of what the process has opened by its place beforehand, which comes before all else. */
  readonly opened?: ReadonlyMap<string, string>;
  readonly libraryPath: readonly string[];
  /** soname -> files, as `ldconfig -p` lists /etc/ld.so.cache. */
  readonly cache: ReadonlyMap<string, readonly string[]>;
}

/** One library that something needs. */
export interface NeededLibrary {
  readonly soname: string;
  /** Undefined where the loader finds none. */
  readonly file: string | undefined;
  /** Why the file that is there cannot be loaded. */
  readonly problem: string | undefined;
  /** The library whose NEEDED list names it first. */
  readonly neededBy: string;
}

/** What ld.so falls back to after its cache. */
const defaultFolders = ['/lib64', '/usr/lib64', '/lib', '/usr/lib'];

/** Reads LD_LIBRARY_PATH and the loader's cache; ldconfig often lies in /sbin, which users' PATH lacks. */
export function readLoaderPath(environment: Environment): LoaderPath {
  const env = { ...environment } as NodeJS.ProcessEnv;
  const listing = ['ldconfig', '/sbin/ldconfig']
    .map((command) => spawnSync(command, ['-p'], { env, encoding: 'utf8' }))
    .find(({ status }) => status === 0);
  const cache = new Map<string, string[]>();
  for (const [, soname, file] of (listing?.stdout ?? '').matchAll(/^\s*(\S+) \([^)]*\) => (.+)$/gm))
    cache.set(soname!, [...(cache.get(soname!) ?? []), file!]);
  const libraryPath = (environment.LD_LIBRARY_PATH ?? '').split(/[:;]/).filter((folder) => folder !== '');
  return { libraryPath, cache };
}

/** Whether the loader finds a library by its name for anybody. */
export function systemHas(soname: string, { libraryPath, cache }: LoaderPath): boolean {
  return cache.has(soname) || libraryPath.some((folder) => existsSync(path.join(folder, soname)));
}

/**
 * Every library the loader must find for `file`, those that its libraries need included, in the order of
 * need.
 * @param loaded sonames that the process has loaded before.
 * @param opensLater sonames that `file` opens by name when it is at work.
 * @throws Error where `file` itself is no library.
 */
export async function neededLibraries(
  file: string,
  loaderPath: LoaderPath,
  loaded: readonly string[] = [],
  opensLater: readonly string[] = [],
): Promise<NeededLibrary[]> {
  const found = new Map<string, NeededLibrary>();
  const own = await readElf(file);
  const queue: { file: string; elf: ElfLibrary }[] = [
    { file, elf: { ...own, needed: [...own.needed, ...opensLater] } },
  ];
  for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
    for (const soname of next.elf.needed) {
      if (found.has(soname) || loaded.includes(soname)) continue;
      const neededBy = path.basename(next.file);
      const { place, elf, problem } = await locate(soname, next, loaderPath);
      found.set(soname, { soname, file: place, problem, neededBy });
      if (elf !== undefined) queue.push({ file: place!, elf });
    }
  }
  return [...found.values()];
}

/**
 * The first fitting file in the loader's order: RPATH, LD_LIBRARY_PATH, RUNPATH, cache, default folders
 * (ld.so(8)).
 */
async function locate(
  soname: string,
  by: { file: string; elf: ElfLibrary },
  { opened, libraryPath, cache }: LoaderPath,
): Promise<{ place?: string; elf?: ElfLibrary; problem?: string }> {
  const { runpath, rpath, machine } = by.elf;
  const folders = (list: readonly string[]) =>
    list.map((folder) => withOrigin(folder, path.dirname(by.file)));
  const places = [
    ...(opened?.has(soname) ? [opened.get(soname)!] : []),
    ...[...(runpath.length > 0 ? [] : folders(rpath)), ...libraryPath, ...folders(runpath)].map((folder) =>
      path.join(folder, soname),
    ),
    ...(cache.get(soname) ?? []),
    ...defaultFolders.map((folder) => path.join(folder, soname)),
  ];
  for (const place of places) {
    if (!(await isFile(place))) continue;
    try {
      const elf = await readElf(place);
      // The loader passes over libraries of another machine.
      if (elf.machine === machine) return { place, elf };
    } catch (error) {
      return { place, problem: (error as Error).message };
    }
  }
  return {};
}

function withOrigin(folder: string, origin: string): string {
  return folder.replace(/\$ORIGIN|\$\{ORIGIN\}/g, origin);
}

async function isFile(file: string): Promise<boolean> {
  return stat(file).then(
    (entry) => entry.isFile(),
    () => false,
  );
}
