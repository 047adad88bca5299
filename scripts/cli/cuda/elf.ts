import { type FileHandle, open } from 'node:fs/promises';

/** What the dynamic section of a shared library says to the loader. */
export interface ElfLibrary {
  /** e_machine: 62 is x86-64, 183 AArch64. */
  readonly machine: number;
  readonly soname: string | undefined;
  /** DT_NEEDED, in order. */
  readonly needed: readonly string[];
  /** DT_RUNPATH as written, one folder per entry ($ORIGIN not yet replaced). */
  readonly runpath: readonly string[];
  /** DT_RPATH; without effect where there is a runpath. */
  readonly rpath: readonly string[];
}

interface Segment {
  readonly type: number;
  readonly offset: number;
  readonly address: number;
  readonly fileBytes: number;
}

/**
 * Program header types and dynamic tags: System V ABI, generic part, chapters 4 and 5; DT_RUNPATH: gABI 2001.
 */
const loadSegment = 1;
const dynamicSegment = 2;
const tags = { null: 0, needed: 1, stringTable: 5, stringBytes: 10, soname: 14, rpath: 15, runpath: 29 };

/** No library comes near these; damaged numbers do. */
const mostDynamicBytes = 2 ** 20;
const mostStringBytes = 2 ** 30;

/**
 * Reads a 64-bit little-endian ELF file by its program headers, as the loader does; sections may be stripped.
 * @throws Error naming the file and what is wrong with it.
 */
export async function readElf(file: string): Promise<ElfLibrary> {
  const handle = await open(file, 'r');
  try {
    const size = (await handle.stat()).size;
    const read = async (offset: number, length: number): Promise<Buffer> => {
      if (offset + length > size)
        throw new Error(`${file}: truncated: ${size} bytes, needs ${offset + length}`);
      return readAt(handle, offset, length);
    };
    if (size < 64) throw new Error(`${file}: ${size} bytes are too few for a library`);
    const header = await read(0, 64);
    if (header.readUInt32BE(0) !== 0x7f454c46) throw new Error(`${file}: not an ELF file`);
    if (header[4] !== 2 || header[5] !== 1) throw new Error(`${file}: not a 64-bit little-endian ELF file`);
    const segments = segmentsOf(
      await read(Number(header.readBigUInt64LE(32)), header.readUInt16LE(54) * header.readUInt16LE(56)),
      header.readUInt16LE(54),
    );
    const dynamic = segments.find(({ type }) => type === dynamicSegment);
    if (dynamic === undefined) throw new Error(`${file}: not a shared library (no dynamic section)`);
    const entries = entriesOf(await read(dynamic.offset, Math.min(dynamic.fileBytes, mostDynamicBytes)));
    const first = (tag: number) => entries.find(([found]) => found === tag)?.[1];
    const stringBytes = first(tags.stringBytes) ?? 0;
    const strings =
      stringBytes <= mostStringBytes
        ? await read(offsetOf(segments, first(tags.stringTable) ?? 0, file), stringBytes)
        : Buffer.alloc(0);
    const textAt = (offset: number): string => {
      const end = strings.indexOf(0, offset);
      if (offset >= strings.length || end < 0)
        throw new Error(`${file}: a name lies outside its string table`);
      return strings.toString('utf8', offset, end);
    };
    const texts = (tag: number) => entries.filter(([found]) => found === tag).map(([, at]) => textAt(at));
    const folders = (tag: number) =>
      texts(tag).flatMap((list) => list.split(':').filter((entry) => entry !== ''));
    return {
      machine: header.readUInt16LE(18),
      soname: texts(tags.soname)[0],
      needed: texts(tags.needed),
      runpath: folders(tags.runpath),
      rpath: folders(tags.rpath),
    };
  } finally {
    await handle.close();
  }
}

async function readAt(handle: FileHandle, offset: number, length: number): Promise<Buffer> {
  const bytes = Buffer.alloc(length);
  await handle.read(bytes, 0, length, offset);
  return bytes;
}

function segmentsOf(bytes: Buffer, entryBytes: number): Segment[] {
  const count = entryBytes < 56 ? 0 : Math.floor(bytes.length / entryBytes);
  return Array.from({ length: count }, (_, index) => {
    const at = index * entryBytes;
    return {
      type: bytes.readUInt32LE(at),
      offset: Number(bytes.readBigUInt64LE(at + 8)),
      address: Number(bytes.readBigUInt64LE(at + 16)),
      fileBytes: Number(bytes.readBigUInt64LE(at + 32)),
    };
  });
}

function entriesOf(bytes: Buffer): [tag: number, value: number][] {
  const entries: [number, number][] = [];
  for (let at = 0; at + 16 <= bytes.length; at += 16) {
    const tag = Number(bytes.readBigInt64LE(at));
    if (tag === tags.null) break;
    entries.push([tag, Number(bytes.readBigUInt64LE(at + 8))]);
  }
  return entries;
}

/** Where in the file the loader would find an address. */
function offsetOf(segments: readonly Segment[], address: number, file: string): number {
  const segment = segments.find(
    (candidate) =>
      candidate.type === loadSegment &&
      address >= candidate.address &&
      address < candidate.address + candidate.fileBytes,
  );
  if (segment === undefined) throw new Error(`${file}: the string table lies in no segment`);
  return segment.offset + address - segment.address;
}
