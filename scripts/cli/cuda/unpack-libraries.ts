import AdmZip from 'adm-zip';
import type { CudaPackage } from './cuda-packages.ts';

/** No library comes near this; cublasLt, the largest, has some 540 MB. */
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
 * The libraries of a package, and nothing else that may lie in it, bounded by their declared sizes before
 * anything is unpacked; adm-zip holds every entry against its size and its CRC.
 * @param source of the archive, for messages.
 * @throws Error naming the source and what it lacks.
 */
export function unpackLibraries(
  archive: Buffer,
  { folders, libraries }: Pick<CudaPackage, 'folders' | 'libraries'>,
  source: string,
): Map<string, Buffer> {
  try {
    const zip = new AdmZip(archive);
    const entries = libraries.map((name) => {
      const entry = folders.map((folder) => zip.getEntry(`${folder}/${name}`)).find((each) => each);
      if (!entry) throw new Error(`it has no ${name} in ${folders.join(' or ')}`);
      requireSizeOfLibrary(entry);
      return [name, entry] as const;
    });
    return new Map(entries.map(([name, entry]) => [name, entry.getData()]));
  } catch (cause) {
    throw new Error(`${source}: no usable package: ${(cause as Error).message}`, { cause });
  }
}
