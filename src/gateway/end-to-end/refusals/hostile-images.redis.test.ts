import assert from 'node:assert/strict';
import { test } from 'node:test';
import { crc32, deflateSync, gzipSync } from 'node:zlib';
import sharp from 'sharp';
import { after, before } from '../../../testing/hooks.ts';
import { startTestService, type TestService } from '../../testing/service.ts';

/**
 * Input pictures made to hurt or to confuse, through the whole service: each is refused, or becomes a plain
 * PNG.
 */

let service: TestService;
before(async () => {
  service = await startTestService();
});
after(() => service.close());

const plain = (width: number, height: number, background = '#4080c0') =>
  sharp({ create: { width, height, channels: 3, background } });
const noise = (width: number, height: number) =>
  sharp({
    create: {
      width,
      height,
      channels: 3,
      background: '#000',
      noise: { type: 'gaussian', mean: 128, sigma: 40 },
    },
  });
const payload = '<?php system($_GET["c"]); ?><script>alert(1)</script>';

function chunk(type: string, data: Uint8Array): Buffer {
  const bytes = Buffer.alloc(data.length + 12);
  bytes.writeUInt32BE(data.length, 0);
  bytes.write(type, 4, 'latin1');
  bytes.set(data, 8);
  bytes.writeUInt32BE(crc32(bytes.subarray(4, data.length + 8)), data.length + 8);
  return bytes;
}

/** A PNG with further chunks after its header. */
async function pngWith(...chunks: Buffer[]): Promise<Buffer> {
  const png = await plain(64, 72).png().toBuffer();
  return Buffer.concat([png.subarray(0, 33), ...chunks, png.subarray(33)]);
}

async function resizedHeader(width: number, height: number): Promise<Buffer> {
  const png = Buffer.from(await plain(64, 64).png().toBuffer());
  png.writeUInt32BE(width, 16);
  png.writeUInt32BE(height, 20);
  png.writeUInt32BE(crc32(png.subarray(12, 29)), 29);
  return png;
}

const cut = (bytes: Buffer, share: number) => bytes.subarray(0, Math.floor(bytes.length * share));
const jpeg = await noise(96, 96).jpeg().toBuffer();
const png = await noise(96, 96).png().toBuffer();
const webp = await noise(96, 96).webp().toBuffer();
const frames = [await plain(64, 64, '#f00').png().toBuffer(), await plain(64, 64, '#00f').png().toBuffer()];
const svg =
  '<svg xmlns="http://www.w3.org/2000/svg" width="99" height="99"><rect width="99" height="99"/></svg>';
const entity = `<!DOCTYPE svg [<!ENTITY x SYSTEM "file:///etc/passwd">]>${svg.replace('/>', '/><text>&x;</text>')}`;
const damagedCrc = Buffer.from(png);
damagedCrc[damagedCrc.indexOf('IDAT') + 20]! ^= 0xff;
const hugeJpeg = Buffer.from(jpeg);
// Height and width stand 5 bytes behind the start-of-frame marker.
hugeJpeg.writeUInt32BE(0xea60_ea60, hugeJpeg.indexOf(Buffer.from([0xff, 0xc0])) + 5);

const format = /^image: the image must be a JPEG, PNG or WebP picture(?:, got [\w ,'()]+)?$/;
const damaged = /^image: the image is damaged or truncated and cannot be decoded$/;
const tooLarge = /^image: the image has more than (?:16777216|268402689) pixels$/;
const tooSmall = /each side must have at least 64 pixels$/;

const refused: [string, Buffer, RegExp][] = [
  ['a text', Buffer.from('no picture'), format],
  ['a page', Buffer.from(`<!doctype html>${payload}`), format],
  ['an SVG', Buffer.from(svg), format],
  ['an SVG that reads a file', Buffer.from(entity), format],
  ['a compressed SVG', gzipSync(svg), format],
  ['a GIF', await plain(64, 64).gif().toBuffer(), format],
  [
    'an animated GIF',
    await sharp(frames, { join: { animated: true } })
      .gif()
      .toBuffer(),
    format,
  ],
  ['a TIFF', await plain(64, 64).tiff().toBuffer(), format],
  ['an AVIF', await plain(64, 64).avif().toBuffer(), format],
  ['a PDF', Buffer.from('%PDF-1.7\n1 0 obj\n<< /Type /Catalog >>\nendobj\n'), format],
  ['a BMP', Buffer.concat([Buffer.from('BM'), Buffer.alloc(200)]), format],
  ['an archive', Buffer.from('PK\x03\x04 not a picture'), format],
  ['a pickle', Buffer.from('\x80\x02cos\nsystem\n', 'latin1'), format],
  ['a GIF in front of a JPEG', Buffer.concat([Buffer.from('GIF89a'), jpeg]), format],
  ['a JPEG that ends early', cut(jpeg, 0.5), damaged],
  ['a PNG that ends early', cut(png, 0.5), damaged],
  ['a WebP that ends early', cut(webp, 0.5), damaged],
  ['the signature of a PNG and no more', png.subarray(0, 8), damaged],
  ['a PNG signature in front of noise', Buffer.concat([png.subarray(0, 8), Buffer.alloc(500, 7)]), damaged],
  ['a PNG with a flipped byte', damagedCrc, damaged],
  ['a PNG that claims 30000 x 30000', await resizedHeader(30_000, 30_000), tooLarge],
  ['a PNG of 0 x 0', await resizedHeader(0, 0), damaged],
  ['a PNG that is larger than its data', await resizedHeader(4000, 4000), damaged],
  ['a JPEG that claims 60000 x 60000', hugeJpeg, tooLarge],
  [
    'a PNG of 5000 x 5000 in 80 kB',
    await plain(5000, 5000).png({ compressionLevel: 9 }).toBuffer(),
    tooLarge,
  ],
  ['a WebP of 5000 x 5000 in a few hundred bytes', await plain(5000, 5000).webp().toBuffer(), tooLarge],
  ['a picture of one pixel', await plain(1, 1).png().toBuffer(), tooSmall],
  ['a strip', await plain(16_000, 63).png().toBuffer(), tooSmall],
  ['a strip too narrow once it is scaled down', await plain(40_000, 100).png().toBuffer(), tooSmall],
];

const taken: [string, Buffer, [number, number]][] = [
  [
    'a PNG with a page behind its end',
    Buffer.concat([await plain(64, 72).png().toBuffer(), Buffer.from(payload)]),
    [64, 72],
  ],
  [
    'a JPEG with a page behind its end',
    Buffer.concat([await plain(64, 72).jpeg().toBuffer(), Buffer.from(payload)]),
    [64, 72],
  ],
  [
    'a PNG with a page in its text',
    await pngWith(chunk('tEXt', Buffer.from(`Comment\0${payload}`))),
    [64, 72],
  ],
  [
    'a PNG with 64 MB of zeros in its compressed text',
    await pngWith(
      chunk('zTXt', Buffer.concat([Buffer.from('Comment\0\0'), deflateSync(Buffer.alloc(64 << 20))])),
    ),
    [64, 72],
  ],
  [
    'a JPEG with a page in its EXIF',
    await plain(64, 72)
      .withExif({ IFD0: { ImageDescription: payload } })
      .jpeg()
      .toBuffer(),
    [64, 72],
  ],
  [
    'an animated WebP',
    await sharp(frames, { join: { animated: true } })
      .webp()
      .toBuffer(),
    [64, 64],
  ],
  ['a CMYK JPEG', await plain(64, 72).toColourspace('cmyk').jpeg().toBuffer(), [64, 72]],
  ['a PNG of 16 bits', await plain(64, 72).toColourspace('rgb16').png().toBuffer(), [64, 72]],
  [
    'a grey PNG of one bit',
    await plain(64, 72).toColourspace('b-w').png({ palette: true, colours: 2 }).toBuffer(),
    [64, 72],
  ],
  ['an interlaced PNG', await noise(64, 72).png({ progressive: true }).toBuffer(), [64, 72]],
  ['a progressive JPEG', await noise(64, 72).jpeg({ progressive: true }).toBuffer(), [64, 72]],
  ['a transparent PNG', await plain(64, 72).ensureAlpha(0).png().toBuffer(), [64, 72]],
];
for (let orientation = 1; orientation <= 8; orientation++)
  taken.push([
    `a JPEG of EXIF orientation ${orientation}`,
    await plain(96, 64).withMetadata({ orientation }).jpeg().toBuffer(),
    orientation >= 5 ? [64, 96] : [96, 64],
  ]);

for (const [name, bytes, reason] of refused)
  test(`${name} is refused`, async () => {
    const inputs = service.inputs.length;
    const image = bytes.toString('base64');
    const response = await service.post('/v2/sdxl-img2img', { prompt: 'a panda', image });
    assert.equal(response.statusCode, 400, response.body);
    assert.match(response.json().error, reason);
    assert.equal(service.inputs.length, inputs);
  });

for (const [name, bytes, [width, height]] of taken)
  test(`${name} becomes a plain PNG`, async () => {
    const image = bytes.toString('base64');
    const response = await service.post('/v1/sdxl-img2img', { prompt: 'a panda', image });
    assert.equal(response.statusCode, 200, response.body);
    const input = service.inputs.at(-1)!;
    const metadata = await sharp(input).metadata();
    assert.deepEqual(
      [metadata.format, metadata.width, metadata.height, metadata.channels, metadata.depth, metadata.space],
      ['png', width, height, 3, 'uchar', 'srgb'],
    );
    for (const kept of ['exif', 'icc', 'xmp', 'iptc', 'comments', 'orientation'] as const)
      assert.equal(metadata[kept], undefined, kept);
    assert.ok(!input.includes('alert(1)'));
  });

test('the log shows nothing of the pictures', () => {
  assert.ok(!service.log.join('').includes('alert(1)'));
});
