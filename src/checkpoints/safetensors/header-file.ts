import type { FileHandle } from 'node:fs/promises';
import { CheckpointError } from '../checkpoint-error.ts';
import { type JsonObject, parseJsonObject } from '../json-file.ts';
import { openRegularFile } from '../regular-file.ts';
import { readAt } from './read-at.ts';

/** The ceiling of the reference implementation (safetensors/src/tensor.rs, MAX_HEADER_SIZE). */
const maximumHeaderBytes = 100_000_000;
/** SDXL's UNet has 1,680. */
const maximumTensors = 100_000;

export interface HeaderFile {
  readonly header: JsonObject;
  /** Where the data begin, and how many there are. */
  readonly dataBegin: number;
  readonly dataBytes: number;
}

/**
 * Reads a safetensors header: 8 bytes of little-endian length, then JSON.
 * @param resolved the file without symbolic links; `file` is what messages call it.
 * @throws CheckpointError naming the file.
 */
export async function readHeaderFile(resolved: string, file: string): Promise<HeaderFile> {
  const handle = await openRegularFile(resolved, file);
  try {
    const { size } = await handle.stat();
    if (size < 10) throw new CheckpointError(`${file}: ${size} bytes are too few for a safetensors file`);
    const start = await bytesAt(handle, 0, 9, file);
    const headerBytes = Number(start.readBigUInt64LE(0));
    if ((headerBytes > maximumHeaderBytes || !isJsonStart(start[8]!)) && isPickle(start))
      throw new CheckpointError(
        `${file}: holds a Python pickle, which can run code; convert it to safetensors`,
      );
    if (headerBytes > maximumHeaderBytes)
      throw new CheckpointError(
        `${file}: claims a header of ${headerBytes} bytes, the limit is ${maximumHeaderBytes}`,
      );
    if (headerBytes < 2 || 8 + headerBytes > size)
      throw new CheckpointError(
        `${file}: truncated: claims a header of ${headerBytes} bytes but is ${size} bytes long`,
      );
    if (!isJsonStart(start[8]!)) throw new CheckpointError(`${file}: the header must begin with "{"`);
    const text = await bytesAt(handle, 8, headerBytes, file);
    refuseTooManyTensors(text, file);
    return {
      header: parseJsonObject(decodeUtf8(text, file), file),
      dataBegin: 8 + headerBytes,
      dataBytes: size - 8 - headerBytes,
    };
  } finally {
    await handle.close();
  }
}

async function bytesAt(handle: FileHandle, position: number, length: number, file: string): Promise<Buffer> {
  const bytes = Buffer.alloc(length);
  if ((await readAt(handle, bytes, position)) < length)
    throw new CheckpointError(`${file}: truncated while it was read`);
  return bytes;
}

/** The reference's JSON parser also takes white space before the object. */
function isJsonStart(byte: number): boolean {
  return byte === 0x7b || byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;
}

/** A zip archive (torch.save) or a bare pickle of protocol 2 to 5. */
function isPickle(start: Buffer): boolean {
  return start.readUInt32LE(0) === 0x04034b50 || (start[0] === 0x80 && start[1]! >= 2 && start[1]! <= 5);
}

/** Counted in the bytes: parsed entries take many times their text. */
function refuseTooManyTensors(text: Buffer, file: string): void {
  const key = '"data_offsets"';
  let count = 0;
  for (let at = text.indexOf(key); at !== -1; at = text.indexOf(key, at + key.length)) count++;
  if (count > maximumTensors)
    throw new CheckpointError(`${file}: ${count} tensors, the limit is ${maximumTensors}`);
}

function decodeUtf8(bytes: Buffer, file: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (cause) {
    throw new CheckpointError(`${file}: the header is not UTF-8`, { cause });
  }
}
