import { mkdirSync, rmSync } from 'node:fs';
import { chmod, readFile, rename, rm, stat, statfs, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import {
  type CudaRecord,
  readCudaRecord,
  recordName,
} from '../../../src/networks/runtime/cuda/cuda-folder.ts';
import { download } from '../download/download.ts';
import type { OnBytes } from '../download/progress.ts';
import { sha256Of } from '../download/sha256.ts';
import { showBytes } from '../download/sizes.ts';
import type { CudaPackage } from './cuda-packages.ts';
import { readElf } from './elf.ts';
import { loadingOrder } from './loading-order.ts';
import { unpackLibraries } from './unpack-libraries.ts';

export interface InstallOptions {
  /** Where the libraries come to lie. */
  readonly folder: string;
  /** Of ONNX Runtime. */
  readonly version: string;
  readonly packages: readonly CudaPackage[];
  /** Folder of ONNX Runtime's own library, which is linked to from beside its provider. */
  readonly runtimeFolder: string;
  /** A folder or an http(s) address that has the packages under their own names. */
  readonly mirror?: string | undefined;
  readonly onBytes?: (packageName: string) => OnBytes;
  readonly retryDelayMs?: number;
  readonly freeBytes?: (folder: string) => Promise<number>;
}

type Installed = CudaRecord['packages'][number];

const runtimeLibrary = 'libonnxruntime.so.1';

/** What is there already: whole, and of the same package. */
export async function isInstalled(folder: string, { sha256, url, libraries }: CudaPackage): Promise<boolean> {
  const record = readCudaRecord(folder);
  const found = record?.packages.find((each) => each.url === url && each.sha256 === (sha256 ?? each.sha256));
  if (record === undefined || found === undefined) return false;
  const sizes = await Promise.all(libraries.map((name) => sizeOf(path.join(folder, name))));
  return libraries.every((name, index) => sizes[index] === record.bytes[name]);
}

/**
 * Brings the packages (zips) one after the other and puts their libraries into the folder; each appears whole
 * or not at all, and the record names it from then on. A cut download continues at the next call.
 * @throws Error naming url, file and reason.
 */
export async function installPackages(options: InstallOptions): Promise<CudaRecord> {
  const { folder, packages, version } = options;
  mkdirSync(folder, { recursive: true });
  await requireSpace(options, packages);
  let record: CudaRecord = readCudaRecord(folder) ?? { version, packages: [], bytes: {}, order: [] };
  for (const each of packages) {
    const { installed, bytes } = await installOne(each, options);
    // A package takes the place of every other that has one of its libraries.
    const others = record.packages.filter(
      ({ libraries }) => !libraries.some((name) => each.libraries.includes(name)),
    );
    const now = [...others, installed];
    const order = await loadingOrder(folder, now);
    record = await writeRecord(folder, {
      version,
      packages: now,
      bytes: { ...record.bytes, ...bytes },
      order,
    });
  }
  await linkRuntime(options);
  return record;
}

async function installOne(
  wanted: CudaPackage,
  options: InstallOptions,
): Promise<{ installed: Installed; bytes: Record<string, number> }> {
  const { name, url, libraries } = wanted;
  const { folder } = options;
  const { file, sha256, isOurs } = await bring(wanted, options);
  try {
    const unpacked = unpackLibraries(await readFile(file), wanted, file === url ? url : `${name}, ${url}`);
    const bytes: Record<string, number> = {};
    for (const [library, content] of unpacked) {
      const fresh = path.join(folder, `.${library}.new`);
      await writeFile(fresh, content, { flush: true });
      try {
        await requireLibrary(fresh, library, url);
        await chmod(fresh, 0o755);
        await rename(fresh, path.join(folder, library));
      } finally {
        await rm(fresh, { force: true });
      }
      bytes[library] = content.length;
    }
    return { installed: { name, url, sha256, libraries: [...libraries] }, bytes };
  } finally {
    if (isOurs) await rm(file, { force: true });
  }
}

interface Brought {
  readonly file: string;
  readonly sha256: string;
  /** Whether it was put there by us. */
  readonly isOurs: boolean;
}

async function bring({ name, url, sha256 }: CudaPackage, options: InstallOptions): Promise<Brought> {
  const { folder, mirror, onBytes, retryDelayMs } = options;
  const base = decodeURIComponent(path.posix.basename(new URL(url).pathname));
  if (mirror !== undefined && !/^https?:\/\//.test(mirror)) {
    const file = path.join(mirror, base);
    const found = await sha256Of(file);
    if (sha256 !== undefined && found !== sha256)
      throw new Error(`${file}: wrong SHA-256: expected ${sha256}, got ${found}`);
    return { file, sha256: found, isOurs: false };
  }
  const file = path.join(folder, base);
  const downloaded = await download({
    url: mirror === undefined ? url : `${mirror.replace(/\/$/, '')}/${encodeURIComponent(base)}`,
    file,
    sha256,
    ...(onBytes && { onBytes: onBytes(name) }),
    ...(retryDelayMs !== undefined && { retryDelayMs }),
  });
  return { file, sha256: downloaded.sha256, isOurs: true };
}

/** @throws Error where a file is not the library for this machine that its name says. */
async function requireLibrary(file: string, library: string, url: string): Promise<void> {
  const { machine, soname = library } = await readElf(file).catch((cause: Error) => {
    throw new Error(`${url}: ${library} is no library: ${cause.message}`, { cause });
  });
  if (machine !== x86) throw new Error(`${url}: ${library} is for another machine (ELF machine ${machine})`);
  if (soname !== library) throw new Error(`${url}: ${library} calls itself ${soname}`);
}

const x86 = 62;

/** Packages are brought one at a time: of the archives only the largest needs room. */
async function requireSpace(options: InstallOptions, wanted: readonly CudaPackage[]): Promise<void> {
  const { folder, freeBytes = freeBytesOf } = options;
  const unpacked = wanted.reduce((sum, { unpackedBytes = 0 }) => sum + unpackedBytes, 0);
  const needed = unpacked + Math.max(0, ...wanted.map(({ bytes = 0 }) => bytes));
  const free = await freeBytes(folder);
  if (needed > free)
    throw new Error(`${folder}: ${showBytes(needed)} are needed and ${showBytes(free)} are free`);
}

async function freeBytesOf(folder: string): Promise<number> {
  const { bavail, bsize } = await statfs(folder);
  return bavail * bsize;
}

/** A relative link: the project's folder may be moved, and its node_modules be made again. */
async function linkRuntime({ folder, runtimeFolder }: InstallOptions): Promise<void> {
  const link = path.join(folder, runtimeLibrary);
  rmSync(link, { force: true });
  await symlink(path.relative(folder, path.join(runtimeFolder, runtimeLibrary)), link);
}

async function writeRecord(folder: string, record: CudaRecord): Promise<CudaRecord> {
  const fresh = path.join(folder, `.${recordName}.new`);
  await writeFile(fresh, `${JSON.stringify(record, null, 2)}\n`, { flush: true });
  await rename(fresh, path.join(folder, recordName));
  return record;
}

async function sizeOf(file: string): Promise<number | undefined> {
  return (await stat(file).catch(() => undefined))?.size;
}
