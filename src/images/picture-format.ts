/** What pictures are taken, in the words of errors. */
export const takenFormats = 'a JPEG, PNG or WebP picture';

type Signature = readonly [format: string, at: number, bytes: string];

/** First bytes, as latin1. The more exact come first. */
const signatures: readonly Signature[] = [
  ['JPEG', 0, '\xff\xd8\xff'],
  ['PNG', 0, '\x89PNG\r\n\x1a\n'],
  ['WebP', 8, 'WEBP'],
  ['GIF', 0, 'GIF8'],
  ['AVIF', 4, 'ftypavif'],
  ['AVIF', 4, 'ftypavis'],
  ...['heic', 'heix', 'heim', 'heis', 'hevc', 'hevx', 'mif1', 'msf1'].map(
    (brand): Signature => ['HEIC', 4, `ftyp${brand}`],
  ),
  ["a camera's raw file (CR3)", 4, 'ftypcrx '],
  ['JPEG 2000', 0, '\0\0\0\x0cjP  '],
  ['JPEG 2000', 0, '\xff\x4f\xff\x51'],
  ['JPEG XL', 0, '\xff\x0a'],
  ['JPEG XL', 0, '\0\0\0\x0cJXL '],
  ['a video (MP4 or QuickTime)', 4, 'ftyp'],
  ["a camera's raw file (CR2)", 0, 'II*\0\x10\0\0\0CR'],
  ["a camera's raw file (RW2)", 0, 'IIU\0'],
  ["a camera's raw file (ORF)", 0, 'IIRO'],
  ["a camera's raw file (RAF)", 0, 'FUJIFILM'],
  ["TIFF or a camera's raw file (DNG, NEF, ARW)", 0, 'II*\0'],
  ["TIFF or a camera's raw file (DNG, NEF, ARW)", 0, 'MM\0*'],
  ['JPEG XR', 0, 'II\xbc'],
  ['BMP', 0, 'BM'],
  ['an icon (ICO)', 0, '\0\0\x01\0'],
  ['Photoshop (PSD)', 0, '8BPS'],
  ['OpenEXR', 0, 'v/1\x01'],
  ['Radiance HDR', 0, '#?RADIANCE'],
  ['PDF', 0, '%PDF'],
  ['a video (WebM)', 0, '\x1aE\xdf\xa3'],
  ['a ZIP archive', 0, 'PK\x03\x04'],
  ['gzip', 0, '\x1f\x8b'],
];

/** SVG, and the pages that servers send where a picture was expected. */
const markup: readonly (readonly [format: string, start: RegExp])[] = [
  ['SVG', /^\s*(?:<\?xml[^>]*>\s*)?(?:<!--.*?-->\s*)?(?:<!DOCTYPE svg[^>]*>\s*)?<svg[\s>]/is],
  ['an HTML page', /^\s*(?:<!--.*?-->\s*)?<(?:!doctype html|html|head|body)[\s>]/is],
  ['XML', /^\s*<\?xml/i],
  ['JSON', /^\s*[{[]\s*["{[\]}]/],
];

/** The format by its first bytes; undefined for none of those that clients are known to send. */
export function formatOf(bytes: Uint8Array): string | undefined {
  const start = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.length, 512)).toString('latin1');
  const signature = signatures.find(([, at, text]) => start.startsWith(text, at));
  if (signature !== undefined) return signature[0];
  return markup.find(([, pattern]) => pattern.test(start.replace(/^\xef\xbb\xbf/, '')))?.[0];
}
