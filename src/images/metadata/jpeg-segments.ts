/** Application segments of JPEG (ITU-T T.81, B.2.4.6) that hold EXIF and XMP. */

const app0 = 0xe0;
const app1 = 0xe1;
const startOfScan = 0xda;
export const exifHeader = Buffer.from('Exif\0\0', 'latin1');
const xmpHeader = Buffer.from('http://ns.adobe.com/xap/1.0/\0', 'latin1');

interface Segment {
  readonly marker: number;
  readonly data: Buffer;
  readonly end: number;
}

/** The segments before the first scan, as far as they are whole. */
function* segmentsOf(jpeg: Buffer): Generator<Segment> {
  for (let at = 2; at + 4 <= jpeg.length; ) {
    if (jpeg[at] !== 0xff) return;
    const marker = jpeg[at + 1]!;
    if (marker === 0xff) {
      at++;
      continue;
    }
    const end = at + 2 + jpeg.readUInt16BE(at + 2);
    if (marker === startOfScan || end > jpeg.length) return;
    yield { marker, data: jpeg.subarray(at + 4, end), end };
    at = end;
  }
}

function segment(...parts: readonly Buffer[]): Buffer {
  const data = Buffer.concat(parts);
  if (data.length > 65_533) throw new RangeError(`a JPEG segment of ${data.length} bytes is too long`);
  const head = Buffer.from([0xff, app1, 0, 0]);
  head.writeUInt16BE(data.length + 2, 2);
  return Buffer.concat([head, data]);
}

/**
 * The same JPEG with an EXIF structure, an XMP packet or both, behind JFIF's own segment where it has one.
 * @throws RangeError where one is longer than a segment.
 */
export function withJpegSegments(jpeg: Uint8Array, exif?: Buffer, xmp?: string): Buffer {
  const bytes = Buffer.from(jpeg.buffer, jpeg.byteOffset, jpeg.byteLength);
  const first = segmentsOf(bytes).next().value;
  const at = first?.marker === app0 ? first.end : 2;
  return Buffer.concat([
    bytes.subarray(0, at),
    ...(exif === undefined ? [] : [segment(exifHeader, exif)]),
    ...(xmp === undefined ? [] : [segment(xmpHeader, Buffer.from(xmp, 'utf8'))]),
    bytes.subarray(at),
  ]);
}

/** The first EXIF structure of a JPEG. */
export function readJpegExif(jpeg: Buffer): Buffer | undefined {
  for (const { marker, data } of segmentsOf(jpeg))
    if (marker === app1 && data.subarray(0, exifHeader.length).equals(exifHeader))
      return data.subarray(exifHeader.length);
  return undefined;
}
