/**
 * The UserComment of EXIF (JEITA CP-3451, section 4.6.5): a TIFF structure of two directories, the first of
 * which points to the second. Eight bytes before the text name its alphabet.
 */

const exifPointer = 0x8769;
const userComment = 0x9286;
const formats = { long: 4, undefined: 7 } as const;
const unicode = Buffer.from('UNICODE\0', 'latin1');
/** Of the structure before the text: header, both directories, the alphabet's name. */
const before = 8 + 18 + 18 + unicode.length;
/** What a segment of JPEG (65,533 bytes) leaves of "Exif\0\0" and that. */
export const longestJpegComment = Math.floor((65_533 - 6 - before) / 2);

/**
 * A TIFF structure (big-endian) that holds nothing but a comment in UTF-16, big-endian as piexif writes it,
 * which is what A1111 uses.
 */
export function exifWithComment(comment: string): Buffer {
  const text = Buffer.concat([unicode, Buffer.from(comment, 'utf16le').swap16()]);
  const directory = (tag: number, format: number, count: number, value: number): Buffer => {
    const bytes = Buffer.alloc(18);
    bytes.writeUInt16BE(1, 0);
    bytes.writeUInt16BE(tag, 2);
    bytes.writeUInt16BE(format, 4);
    bytes.writeUInt32BE(count, 6);
    bytes.writeUInt32BE(value, 10);
    return bytes;
  };
  return Buffer.concat([
    Buffer.from('MM\0*\0\0\0\x08', 'latin1'),
    directory(exifPointer, formats.long, 1, 8 + 18),
    directory(userComment, formats.undefined, text.length, 8 + 18 + 18),
    text,
  ]);
}

/** The comment of a TIFF structure; undefined where it has none or is damaged. */
export function readExifComment(tiff: Buffer): string | undefined {
  const order = tiff.toString('latin1', 0, 2);
  if (tiff.length < 8 || (order !== 'MM' && order !== 'II')) return undefined;
  const isBig = order === 'MM';
  const u16 = (at: number) => (isBig ? tiff.readUInt16BE(at) : tiff.readUInt16LE(at));
  const u32 = (at: number) => (isBig ? tiff.readUInt32BE(at) : tiff.readUInt32LE(at));
  const entry = (directory: number, tag: number): number | undefined => {
    if (directory + 2 > tiff.length) return undefined;
    const count = u16(directory);
    for (let at = directory + 2; at < directory + 2 + 12 * count && at + 12 <= tiff.length; at += 12)
      if (u16(at) === tag) return at;
    return undefined;
  };
  const pointer = entry(u32(4), exifPointer);
  const found = pointer === undefined ? undefined : entry(u32(pointer + 8), userComment);
  if (found === undefined) return undefined;
  const length = u32(found + 4);
  const start = length <= 4 ? found + 8 : u32(found + 8);
  if (start + length > tiff.length) return undefined;
  return decodeComment(tiff.subarray(start, start + length), isBig);
}

/**
 * EXIF leaves the order of UTF-16's bytes open: piexif writes big-endian whatever the structure's own order
 * is, exiftool and libexif that of the structure. A text of any length has more letters with a low than with
 * a high byte of zero.
 */
function decodeComment(bytes: Buffer, isBig: boolean): string | undefined {
  const alphabet = bytes.toString('latin1', 0, 8).replace(/[\0 ]+$/, '');
  const rest = bytes.subarray(Math.min(8, bytes.length));
  const trimmed = (text: string) => text.replace(/\0+$/, '');
  if (alphabet === 'ASCII' || alphabet === '') return trimmed(rest.toString('utf8'));
  if (alphabet !== 'UNICODE') return alphabet === 'JIS' ? undefined : trimmed(bytes.toString('utf8'));
  const even = Buffer.from(rest.subarray(0, rest.length & ~1));
  if (isBigEndian(even, isBig)) even.swap16();
  return trimmed(even.toString('utf16le'));
}

function isBigEndian(text: Buffer, otherwise: boolean): boolean {
  if (text.length < 2) return otherwise;
  if (text[0] === 0xfe && text[1] === 0xff) return true;
  if (text[0] === 0xff && text[1] === 0xfe) return false;
  let zeroFirst = 0;
  let zeroSecond = 0;
  for (let at = 0; at < text.length; at += 2) {
    if (text[at] === 0) zeroFirst++;
    if (text[at + 1] === 0) zeroSecond++;
  }
  return zeroFirst === zeroSecond ? true : zeroFirst > zeroSecond;
}
