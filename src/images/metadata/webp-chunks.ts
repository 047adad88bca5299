import { exifHeader } from './jpeg-segments.ts';

/** EXIF and XMP in WebP's extended file format (RFC 9649, section 2.7). */

interface Chunk {
  readonly type: string;
  readonly data: Buffer;
}

/** The chunks of a WebP file as far as they are whole. */
function* chunksOf(webp: Buffer): Generator<Chunk> {
  for (let at = 12; at + 8 <= webp.length; ) {
    const type = webp.toString('latin1', at, at + 4);
    const length = webp.readUInt32LE(at + 4);
    if (at + 8 + length > webp.length) return;
    yield { type, data: webp.subarray(at + 8, at + 8 + length) };
    at += 8 + length + (length & 1);
  }
}

function chunk({ type, data }: Chunk): Buffer {
  const head = Buffer.alloc(8);
  head.write(type, 'latin1');
  head.writeUInt32LE(data.length, 4);
  return Buffer.concat([head, data, Buffer.alloc(data.length & 1)]);
}

const flags = { xmp: 0x04, exif: 0x08 };

/** The same picture with an EXIF structure, an XMP packet or both. */
export function withWebpChunks(
  webp: Uint8Array,
  size: { readonly width: number; readonly height: number },
  exif?: Buffer,
  xmp?: string,
): Buffer {
  const chunks = [...chunksOf(Buffer.from(webp.buffer, webp.byteOffset, webp.byteLength))];
  const extended = chunks.find(({ type }) => type === 'VP8X')?.data ?? Buffer.alloc(10);
  const header = Buffer.from(extended);
  header[0]! |= (exif && flags.exif) ?? 0;
  header[0]! |= xmp === undefined ? 0 : flags.xmp;
  header.writeUIntLE(size.width - 1, 4, 3);
  header.writeUIntLE(size.height - 1, 7, 3);
  const body = Buffer.concat(
    [
      { type: 'VP8X', data: header },
      ...chunks.filter(({ type }) => type !== 'VP8X'),
      ...(exif === undefined ? [] : [{ type: 'EXIF', data: exif }]),
      ...(xmp === undefined ? [] : [{ type: 'XMP ', data: Buffer.from(xmp, 'utf8') }]),
    ].map(chunk),
  );
  const head = Buffer.from('RIFF\0\0\0\0WEBP', 'latin1');
  head.writeUInt32LE(body.length + 4, 4);
  return Buffer.concat([head, body]);
}

/** The EXIF structure of a WebP file; some writers put JPEG's own words before it. */
export function readWebpExif(webp: Buffer): Buffer | undefined {
  for (const { type, data } of chunksOf(webp))
    if (type === 'EXIF')
      return data.subarray(0, exifHeader.length).equals(exifHeader) ? data.subarray(exifHeader.length) : data;
  return undefined;
}
