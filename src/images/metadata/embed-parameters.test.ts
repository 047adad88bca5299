import assert from 'node:assert/strict';
import { test } from 'node:test';
import { deflateSync } from 'node:zlib';
import sharp from 'sharp';
import { encodeImage } from '../encode-image.ts';
import { outputFormats } from '../output-formats.ts';
import { embedParameters } from './embed-parameters.ts';
import { exifWithComment, longestJpegComment, readExifComment } from './exif-comment.ts';
import { readPngTexts, withPngTexts } from './png-text.ts';
import { readParameters } from './read-parameters.ts';
import { digitalSourceType } from './xmp.ts';

const size = { width: 24, height: 16 };
const pixels = Float32Array.from({ length: 3 * 24 * 16 }, (_, i) => Math.sin(i));
const text =
  'a panda\nNegative prompt: low quality\nSteps: 20, Sampler: Euler a, CFG scale: 7, Seed: 1, Size: 24x16';
const software = 'sdxl-server 0.1.0 <&>';

const texts = {
  'Latin letters': text,
  'Latin-1 letters': `caf\u00e9 \u00df\u00ff ${text}`,
  'Chinese letters and emoji': `\u718a\u732b \ud83d\udca5 ${text}`,
  'one letter': 'x',
};
for (const format of outputFormats)
  for (const [kind, parameters] of Object.entries(texts))
    test(`${kind} in a ${format} are read back, and its pixels stay`, async () => {
      const plain = await encodeImage(pixels, size.width, size.height, format);
      const { bytes, isWhole } = embedParameters(plain, format, { text: parameters, software, ...size });
      assert.ok(isWhole);
      assert.equal(readParameters(bytes)?.text, parameters);
      assert.deepEqual(await sharp(bytes).raw().toBuffer(), await sharp(plain).raw().toBuffer());
    });

for (const format of outputFormats)
  test(`libvips finds XMP with IPTC's kind of source and the software in a ${format}`, async () => {
    const plain = await encodeImage(pixels, size.width, size.height, format);
    const { bytes } = embedParameters(plain, format, { text, software, ...size });
    const { xmp, exif, ...read } = await sharp(bytes).metadata();
    assert.match(String(xmp), new RegExp(digitalSourceType));
    assert.match(String(xmp), /<xmp:CreatorTool>sdxl-server 0\.1\.0 &lt;&amp;&gt;</);
    assert.deepEqual([read.width, read.height, exif !== undefined], [24, 16, format !== 'png']);
  });

test('a text is tEXt where Latin-1 has its letters and iTXt otherwise, as Pillow writes them', async () => {
  const plain = await encodeImage(pixels, size.width, size.height, 'png');
  // Pillow 13.0: PngInfo.add_text('parameters', ...), bytes of the chunk without length and checksum.
  assert.ok(
    withPngTexts(plain, { parameters: 'caf\u00e9' }).includes(
      Buffer.from('tEXtparameters\0caf\xe9', 'latin1'),
    ),
  );
  assert.ok(withPngTexts(plain, { parameters: '\u718a' }).includes('iTXtparameters\0\0\0\0\0\u718a'));
});

test('an EXIF structure is that of piexif, with the end of the second directory that TIFF asks for', () => {
  // piexif 1.1.3: dump({"Exif": {UserComment: UserComment.dump("caf\u00e9", encoding="unicode")}})[6:], which
  // leaves out the four bytes of zeros after the second directory (TIFF 6.0, section 2), so that its text
  // stands at 0x28.
  const directories = '4d4d002a00000008000187690004000000010000001a0000000000019286000700000010';
  const comment = '554e49434f44450000630061006600e9';
  assert.equal(exifWithComment('caf\u00e9').toString('hex'), `${directories}0000002c00000000${comment}`);
});

test('a comment is read in either byte order, as ASCII and without a named alphabet', () => {
  const written = exifWithComment('a caf\u00e9');
  const swapped = Buffer.from(written);
  swapped.subarray(52).swap16();
  assert.equal(readExifComment(swapped), 'a caf\u00e9');
  for (const alphabet of ['ASCII\0\0\0', '\0\0\0\0\0\0\0\0']) {
    const other = Buffer.concat([written.subarray(0, 44), Buffer.from(`${alphabet}abcd`.padEnd(20, '\0'))]);
    assert.equal(readExifComment(other), 'abcd');
  }
});

test('a text too long for JPEG leaves its XMP and says so; the longest that fits is kept', async () => {
  const plain = await encodeImage(pixels, size.width, size.height, 'jpeg');
  const embed = (length: number) =>
    embedParameters(plain, 'jpeg', { text: 'x'.repeat(length), software, ...size });
  const longest = embed(longestJpegComment);
  assert.ok(longest.isWhole);
  assert.equal(readParameters(longest.bytes)?.text.length, longestJpegComment);
  const tooLong = embed(longestJpegComment + 1);
  assert.ok(!tooLong.isWhole);
  assert.deepEqual(readParameters(tooLong.bytes), { text: '', items: {} });
  assert.ok((await sharp(tooLong.bytes).metadata()).xmp);
});

test('NUL and half letters are left out of a picture and break nothing', async () => {
  for (const format of outputFormats) {
    const plain = await encodeImage(pixels, size.width, size.height, format);
    const { bytes } = embedParameters(plain, format, { text: 'a\0b\ud800c', software, ...size });
    assert.equal(readParameters(bytes)?.text, 'ab\ufffdc');
  }
});

test('compressed texts of a PNG are read, but not what becomes more than a megabyte', async () => {
  const plain = await encodeImage(pixels, size.width, size.height, 'png');
  const marked = withPngTexts(plain, { parameters: 'placed' });
  const compressed = (kind: string, keyword: string, value: string, head: string) => {
    const data = Buffer.concat([Buffer.from(`${keyword}\0${head}`, 'latin1'), deflateSync(value)]);
    const chunk = Buffer.alloc(12 + data.length);
    chunk.writeUInt32BE(data.length);
    chunk.write(kind, 4);
    data.copy(chunk, 8);
    return chunk;
  };
  const bytes = Buffer.concat([
    marked.subarray(0, 33),
    compressed('zTXt', 'Comment', 'squeezed', '\0'),
    compressed('iTXt', 'Title', '\u718a', '\x01\0en\0\0'),
    compressed('zTXt', 'Bomb', 'x'.repeat(2 ** 21), '\0'),
    compressed('zTXt', '__proto__', 'kept', '\0'),
    marked.subarray(33),
  ]);
  const found = readPngTexts(bytes);
  assert.deepEqual(Object.keys(found), ['Comment', 'Title', '__proto__', 'parameters']);
  assert.deepEqual([found.Comment, found.Title, found.parameters], ['squeezed', '\u718a', 'placed']);
});

test('nothing damaged throws, and what is no picture is told apart', async () => {
  assert.equal(readParameters(Buffer.from('GIF89a')), undefined);
  assert.equal(readParameters(new Uint8Array()), undefined);
  for (const format of outputFormats) {
    const plain = await encodeImage(pixels, size.width, size.height, format);
    const { bytes } = embedParameters(plain, format, { text, software, ...size });
    for (let end = 16; end < bytes.length; end += 7) readParameters(bytes.subarray(0, end));
    for (let at = 16; at < 400; at += 3) {
      const damaged = Buffer.from(bytes);
      damaged[at]! ^= 0xff;
      readParameters(damaged);
    }
  }
});
