import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';

export interface FakeLibrary {
  readonly soname?: string;
  readonly needed?: readonly string[];
  readonly runpath?: string;
  readonly rpath?: string;
  /** 62: x86-64. */
  readonly machine?: number;
  /** Bytes behind everything else. */
  readonly tail?: string;
}

const base = 0x10000;

/** Writes an ELF shared library that holds a dynamic section and nothing to run, for tests. */
export function writeFakeLibrary(file: string, library: FakeLibrary = {}): string {
  const { soname, needed = [], runpath, rpath, machine = 62, tail = '' } = library;
  const names = ['', ...needed, soname ?? '', runpath ?? '', rpath ?? ''];
  const strings = Buffer.from(`${names.join('\0')}\0`);
  const at = (name: string) => BigInt(strings.indexOf(`\0${name}\0`) + 1);
  const stringsOffset = 64 + 2 * 56;
  const entries: [bigint, bigint][] = [
    ...needed.map((name): [bigint, bigint] => [1n, at(name)]),
    ...(soname === undefined ? [] : [[14n, at(soname)] as [bigint, bigint]]),
    ...(runpath === undefined ? [] : [[29n, at(runpath)] as [bigint, bigint]]),
    ...(rpath === undefined ? [] : [[15n, at(rpath)] as [bigint, bigint]]),
    [5n, BigInt(base + stringsOffset)],
    [10n, BigInt(strings.length)],
    [0n, 0n],
  ];
  const dynamicOffset = stringsOffset + strings.length;
  const total = dynamicOffset + entries.length * 16;
  const bytes = Buffer.alloc(total + Buffer.byteLength(tail));
  bytes.write('\x7fELF\x02\x01\x01', 'latin1');
  bytes.writeUInt16LE(3, 16);
  bytes.writeUInt16LE(machine, 18);
  bytes.writeBigUInt64LE(64n, 32);
  bytes.writeUInt16LE(56, 54);
  bytes.writeUInt16LE(2, 56);
  const segment = (index: number, type: number, offset: number, length: number) => {
    const start = 64 + 56 * index;
    bytes.writeUInt32LE(type, start);
    bytes.writeBigUInt64LE(BigInt(offset), start + 8);
    bytes.writeBigUInt64LE(BigInt(base + offset), start + 16);
    bytes.writeBigUInt64LE(BigInt(length), start + 32);
  };
  segment(0, 1, 0, total);
  segment(1, 2, dynamicOffset, entries.length * 16);
  strings.copy(bytes, stringsOffset);
  for (const [index, [tag, value]] of entries.entries()) {
    bytes.writeBigInt64LE(tag, dynamicOffset + 16 * index);
    bytes.writeBigUInt64LE(value, dynamicOffset + 16 * index + 8);
  }
  bytes.write(tail, total);
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, bytes);
  return file;
}
