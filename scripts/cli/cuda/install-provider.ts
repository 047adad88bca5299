import { chmod, readFile, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import AdmZip from 'adm-zip';
import { download } from '../download/download.ts';
import type { OnBytes } from '../download/progress.ts';
import { type ProviderRecord, providerLibraries, recordName } from './provider-files.ts';

export interface InstallOptions {
  /** onnxruntime-node's binding folder. */
  readonly folder: string;
  readonly version: string;
  /** The package, a .nupkg or a wheel; by default the one of this version on nuget.org. */
  readonly url?: string | undefined;
  /** Undefined: whatever the server gives is taken. */
  readonly sha256: string | undefined;
  readonly onBytes?: OnBytes;
  readonly retryDelayMs?: number;
}

const packageName = 'microsoft.ml.onnxruntime.gpu.linux';

/** The NuGet flat container's address of the package that has the provider libraries of a release. */
export function packageUrl(version: string): string {
  return `https://api.nuget.org/v3-flatcontainer/${packageName}/${version}/${packageName}.${version}.nupkg`;
}

/**
 * Downloads the package (a zip) and puts its provider libraries into the folder; each appears whole or not at
 * all, and the record of where they come from appears last. A cut download continues at the next call.
 * @throws Error naming url, file and reason.
 */
export async function installProvider(options: InstallOptions): Promise<ProviderRecord> {
  const { folder, version, url = packageUrl(version), sha256, onBytes, retryDelayMs } = options;
  const archive = path.join(folder, `${packageName}.${version}.nupkg`);
  const downloaded = await download({
    url,
    file: archive,
    sha256,
    ...(onBytes && { onBytes }),
    ...(retryDelayMs !== undefined && { retryDelayMs }),
  });
  try {
    const libraries = unpackProvider(await readFile(archive), url);
    await rm(path.join(folder, recordName), { force: true });
    for (const [name, bytes] of libraries) {
      const fresh = path.join(folder, `.${name}.new`);
      await writeFile(fresh, bytes, { flush: true });
      await chmod(fresh, 0o755);
      await rename(fresh, path.join(folder, name));
    }
    const record: ProviderRecord = {
      version,
      url,
      sha256: downloaded.sha256,
      bytes: Object.fromEntries([...libraries].map(([name, bytes]) => [name, bytes.length])),
    };
    await writeFile(path.join(folder, recordName), `${JSON.stringify(record, null, 2)}\n`);
    return record;
  } finally {
    await rm(archive, { force: true });
  }
}

/** Where the libraries are in a NuGet package and in a Python wheel. */
const libraryFolders = ['runtimes/linux-x64/native', 'onnxruntime/capi'];

/** No provider library comes near this; that of CUDA has some 300 MB. */
const largestLibrary = 2 ** 30;
/** Machine code packs to a third or so; zeros, as in an archive made to fill a disk, to a thousandth. */
const largestRatio = 50;

/** @throws Error where an entry says that it unpacks to more than a library is. */
function requireSizeOfLibrary({ entryName, header }: AdmZip.IZipEntry): void {
  const { size, compressedSize } = header;
  if (size > largestLibrary || size > largestRatio * Math.max(compressedSize, 2 ** 12))
    throw new Error(`${entryName} would unpack from ${compressedSize} to ${size} bytes, which is no library`);
}

/**
 * The provider libraries of a package, bounded by their declared sizes before anything is unpacked; adm-zip
 * holds every entry against its size and its CRC.
 * @throws Error naming the package, from `url`, and what it lacks.
 */
export function unpackProvider(archive: Buffer, url: string): Map<string, Buffer> {
  try {
    const zip = new AdmZip(archive);
    return new Map(
      providerLibraries.map((name) => {
        const entry = libraryFolders.map((folder) => zip.getEntry(`${folder}/${name}`)).find((each) => each);
        if (!entry) throw new Error(`it has no ${name} in ${libraryFolders.join(' or ')}`);
        requireSizeOfLibrary(entry);
        return [name, entry.getData()];
      }),
    );
  } catch (cause) {
    throw new Error(`${url}: no usable package: ${(cause as Error).message}`, { cause });
  }
}
