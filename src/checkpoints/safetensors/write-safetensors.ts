import { open } from 'node:fs/promises';
import type { Dtype } from '../checkpoint.ts';

/** Bytes of one value on disk. */
export const elementBytes: Readonly<Record<Dtype, number>> = { F32: 4, F16: 2, BF16: 2 };

/** One tensor to be written. */
export interface TensorSource {
  readonly name: string;
  readonly dtype: Dtype;
  readonly shape: readonly number[];
  /** Its bytes, little-endian and row-major, in pieces; called once, when it is the tensor's turn. */
  bytes(): Iterable<Uint8Array> | AsyncIterable<Uint8Array>;
}

/**
 * Writes a new safetensors file in bounded memory: the tensors in the order given (the reference
 * implementation sorts them by name), data aligned to 8 bytes.
 * @throws Error if the file exists, or if a source gives more or fewer bytes than its shape needs.
 */
export async function writeSafetensors(
  file: string,
  sources: readonly TensorSource[],
  metadata: Readonly<Record<string, string>> = { format: 'pt' },
): Promise<void> {
  const header: Record<string, unknown> = { __metadata__: metadata };
  let position = 0;
  for (const { name, dtype, shape } of sources) {
    const end = position + shape.reduce((product, extent) => product * extent, elementBytes[dtype]);
    header[name] = { dtype, shape, data_offsets: [position, end] };
    position = end;
  }
  const json = Buffer.from(JSON.stringify(header));
  const headerBytes = Buffer.alloc(Math.ceil(json.length / 8) * 8, ' ');
  json.copy(headerBytes);
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(headerBytes.length));

  const handle = await open(file, 'wx');
  try {
    await handle.writeFile(Buffer.concat([length, headerBytes]));
    for (const source of sources) {
      let missing = source.shape.reduce((product, extent) => product * extent, elementBytes[source.dtype]);
      for await (const piece of source.bytes()) {
        missing -= piece.byteLength;
        await handle.writeFile(piece);
      }
      if (missing !== 0)
        throw new Error(`${file}: the bytes of tensor "${source.name}" are ${missing} short`);
    }
  } finally {
    await handle.close();
  }
}
