import { open, realpath } from 'node:fs/promises';
import type { Dtype, TensorLocation } from '../checkpoint.ts';
import { CheckpointError } from '../checkpoint-error.ts';
import { isJsonObject, type JsonObject, parseJsonObject } from '../json-file.ts';

/** Far above any real header (SDXL's UNet has 0.2 MB); the reference implementation stops at 100 MB. */
const maximumHeaderBytes = 16 * 2 ** 20;
const maximumTensors = 100_000;
const floatBytes: Readonly<Record<string, number>> = { F32: 4, F16: 2, BF16: 2 };
/** Other element types of the format, by bytes; their offsets are checked before they are refused. */
const otherBytes: Readonly<Record<string, number>> = {
  F64: 8,
  I64: 8,
  U64: 8,
  I32: 4,
  U32: 4,
  I16: 2,
  U16: 2,
  I8: 1,
  U8: 1,
  BOOL: 1,
  F8_E4M3: 1,
  F8_E5M2: 1,
};
/** Index buffers that old transformers versions saved beside the weights; nothing computes with them. */
const ignorableName = /(^|\.)position_ids$/;

export function isIgnorableTensor(name: string): boolean {
  return ignorableName.test(name);
}

interface Entry {
  readonly name: string;
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly begin: number;
  readonly end: number;
}

export interface SafetensorsHeader {
  /** Free text by name, as the file's writer left it. */
  readonly metadata: Readonly<Record<string, string>>;
  readonly tensors: Map<string, TensorLocation>;
}

/**
 * Reads a safetensors header (8 bytes of little-endian length, JSON, data) and gives every tensor's place
 * without reading its data. Offsets must cover the data section exactly once, without holes or overlaps.
 * @param isIgnorable names to leave out, whatever their element type; by default position_ids.
 * @throws CheckpointError naming the file and the tensor.
 */
export async function readSafetensorsHeader(
  file: string,
  isIgnorable: (name: string) => boolean = isIgnorableTensor,
): Promise<SafetensorsHeader> {
  const resolved = await realpath(file).catch((cause: NodeJS.ErrnoException) => {
    throw new CheckpointError(`${file}: ${cause.code === 'ENOENT' ? 'missing' : cause.message}`, { cause });
  });
  const { header, dataBegin, dataBytes } = await readHeader(resolved, file);
  const entries = Object.entries(header)
    .filter(([name]) => name !== '__metadata__')
    .map(([name, value]) => parseEntry(name, value, file));
  const metadata = metadataOf(header, file);
  if (entries.length > maximumTensors)
    throw new CheckpointError(`${file}: ${entries.length} tensors, the limit is ${maximumTensors}`);
  checkContiguous(entries, dataBytes, file);
  const tensors = new Map<string, TensorLocation>();
  for (const { name, dtype, shape, begin, end } of entries) {
    if (isIgnorable(name)) continue;
    if (!isDtype(dtype))
      throw new CheckpointError(
        `${file}: tensor "${name}" has element type ${dtype}; supported are F32, F16 and BF16`,
      );
    tensors.set(name, {
      file: resolved,
      byteOffset: dataBegin + begin,
      byteLength: end - begin,
      dtype,
      shape,
    });
  }
  return { metadata, tensors };
}

async function readHeader(
  resolved: string,
  file: string,
): Promise<{ header: JsonObject; dataBegin: number; dataBytes: number }> {
  const handle = await open(resolved, 'r');
  try {
    const status = await handle.stat();
    if (!status.isFile()) throw new CheckpointError(`${file}: not a regular file`);
    if (status.size < 10)
      throw new CheckpointError(`${file}: ${status.size} bytes are too few for a safetensors file`);
    const start = Buffer.alloc(9);
    await handle.read(start, 0, 9, 0);
    if (isPickle(start))
      throw new CheckpointError(
        `${file}: holds a Python pickle, which can run code; convert it to safetensors`,
      );
    const headerBytes = Number(start.readBigUInt64LE(0));
    if (headerBytes > maximumHeaderBytes)
      throw new CheckpointError(
        `${file}: claims a header of ${headerBytes} bytes, the limit is ${maximumHeaderBytes}`,
      );
    if (headerBytes < 2 || 8 + headerBytes > status.size)
      throw new CheckpointError(
        `${file}: truncated: claims a header of ${headerBytes} bytes but is ${status.size} bytes long`,
      );
    if (start[8] !== 0x7b) throw new CheckpointError(`${file}: the header must begin with "{"`);
    const text = Buffer.alloc(headerBytes);
    await handle.read(text, 0, headerBytes, 8);
    return {
      header: parseJsonObject(decodeUtf8(text, file), file),
      dataBegin: 8 + headerBytes,
      dataBytes: status.size - 8 - headerBytes,
    };
  } finally {
    await handle.close();
  }
}

/** A zip archive (torch.save) or a bare pickle of protocol 2 to 5. */
function isPickle(start: Buffer): boolean {
  const zip = start.readUInt32LE(0) === 0x04034b50;
  // A bare pickle's length field would be above 16 MB, so no real header begins like this.
  const bare = start[0] === 0x80 && start[1]! >= 2 && start[1]! <= 5 && start[3] !== 0;
  return zip || bare;
}

function decodeUtf8(bytes: Buffer, file: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (cause) {
    throw new CheckpointError(`${file}: the header is not UTF-8`, { cause });
  }
}

function metadataOf(header: JsonObject, file: string): Readonly<Record<string, string>> {
  const metadata = Object.hasOwn(header, '__metadata__') ? header.__metadata__ : {};
  if (!isJsonObject(metadata) || Object.values(metadata).some((value) => typeof value !== 'string'))
    throw new CheckpointError(`${file}: __metadata__ must map names to strings`);
  return metadata as Readonly<Record<string, string>>;
}

function parseEntry(name: string, value: unknown, file: string): Entry {
  const fail = (problem: string): never => {
    throw new CheckpointError(`${file}: tensor "${name}": ${problem}`);
  };
  if (!isJsonObject(value)) return fail('its entry must be an object');
  const surplus = Object.keys(value).find((key) => !['dtype', 'shape', 'data_offsets'].includes(key));
  if (surplus !== undefined) return fail(`unknown field "${surplus}"`);
  const { dtype, shape, data_offsets: offsets } = value;
  if (typeof dtype !== 'string') return fail('dtype must be a string');
  const elementBytes = floatBytes[dtype] ?? otherBytes[dtype];
  if (elementBytes === undefined) return fail(`unknown element type ${dtype}`);
  if (!isNaturals(shape)) return fail('shape must be an array of non-negative integers');
  if (!isNaturals(offsets) || offsets.length !== 2)
    return fail('data_offsets must be two non-negative integers');
  const [begin, end] = offsets as [number, number];
  if (begin > end) return fail(`data_offsets [${begin}, ${end}] run backwards`);
  const bytes = shape.reduce((product, extent) => product * extent, elementBytes);
  if (bytes !== end - begin)
    return fail(`shape [${shape}] of ${dtype} needs ${bytes} bytes but data_offsets hold ${end - begin}`);
  return { name, dtype, shape, begin, end };
}

function checkContiguous(entries: readonly Entry[], dataBytes: number, file: string): void {
  let position = 0;
  for (const { name, begin, end } of [...entries].sort((a, b) => a.begin - b.begin || a.end - b.end)) {
    if (begin !== position)
      throw new CheckpointError(
        `${file}: tensor "${name}" begins at ${begin} where the data before it ends at ${position}`,
      );
    if (end > dataBytes)
      throw new CheckpointError(
        `${file}: truncated: tensor "${name}" ends at ${end} but the file holds ${dataBytes} bytes of data`,
      );
    position = end;
  }
  if (position !== dataBytes)
    throw new CheckpointError(`${file}: ${dataBytes - position} bytes after the last tensor belong to none`);
}

function isDtype(dtype: string): dtype is Dtype {
  return dtype in floatBytes;
}

function isNaturals(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((item) => Number.isSafeInteger(item) && item >= 0);
}
