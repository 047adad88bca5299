import assert from 'node:assert/strict';
import { test } from 'node:test';
import { crc32 } from 'node:zlib';
import sharp from 'sharp';
import { decodeInputImage } from './decode-input-image.ts';
import { decodePng } from './decode-png.ts';
import { gradient, options, plain, refusal } from './testing/input-pictures.ts';

/** Red, green and blue in 0 ... 255 at (x, y). */
async function pixelOf(png: Buffer, x: number, y: number): Promise<number[]> {
  const { pixels, width, height } = await decodePng(png);
  return [0, 1, 2].map((channel) =>
    Math.round(((pixels[channel * width * height + y * width + x]! + 1) / 2) * 255),
  );
}

test('a PNG whose sides are multiples of 8 passes through unchanged', async () => {
  const { png, width, height } = await decodeInputImage(await gradient(96, 64).png().toBuffer(), options);
  assert.deepEqual([width, height], [96, 64]);
  for (const [x, y] of [
    [0, 0],
    [95, 0],
    [0, 63],
    [50, 20],
  ] as const)
    assert.deepEqual(await pixelOf(png, x, y), [x, y, 128]);
});

test('JPEG and WebP are read, and sides are floored to multiples of 8', async () => {
  for (const bytes of [
    await gradient(101, 79).jpeg().toBuffer(),
    await gradient(101, 79).webp().toBuffer(),
  ]) {
    const { png, width, height } = await decodeInputImage(bytes, options);
    assert.deepEqual([width, height], [96, 72]);
    assert.deepEqual((await sharp(png).metadata()).format, 'png');
  }
});

test('EXIF orientation is applied before the size is taken', async () => {
  const bytes = await gradient(128, 72).withMetadata({ orientation: 6 }).jpeg({ quality: 100 }).toBuffer();
  const { png, width, height } = await decodeInputImage(bytes, options);
  assert.deepEqual([width, height], [72, 128]);
  // Orientation 6 is shown turned clockwise: the stored bottom left corner becomes the top left one.
  const [red, green] = await pixelOf(png, 0, 0);
  assert.ok(red! < 4 && Math.abs(green! - 71) < 4, `${red} ${green}`);
  assert.equal((await sharp(png).metadata()).orientation, undefined);
});

test('alpha is flattened on white', async () => {
  const clear = await plain(64, 64, { r: 255, g: 0, b: 0, alpha: 0 }, 4).png().toBuffer();
  assert.deepEqual(await pixelOf((await decodeInputImage(clear, options)).png, 5, 5), [255, 255, 255]);
  const half = await plain(64, 64, { r: 255, g: 0, b: 0, alpha: 0.5 }, 4).webp({ lossless: true }).toBuffer();
  const [red, green, blue] = await pixelOf((await decodeInputImage(half, options)).png, 5, 5);
  assert.ok(
    red === 255 && Math.abs(green! - 127) <= 1 && Math.abs(blue! - 127) <= 1,
    `${red} ${green} ${blue}`,
  );
});

test('grey, 16-bit, palette and CMYK pictures become 8-bit sRGB', async () => {
  const grey = await plain(64, 64, '#808080').toColourspace('b-w').png().toBuffer();
  assert.deepEqual(await pixelOf((await decodeInputImage(grey, options)).png, 1, 1), [128, 128, 128]);
  const deep = await plain(64, 64, '#4080c0').toColourspace('rgb16').png().toBuffer();
  assert.equal((await sharp(deep).metadata()).depth, 'ushort');
  const shallow = (await decodeInputImage(deep, options)).png;
  assert.equal((await sharp(shallow).metadata()).depth, 'uchar');
  assert.deepEqual(await pixelOf(shallow, 1, 1), [0x40, 0x80, 0xc0]);
  const palette = await plain(64, 64, '#4080c0').png({ palette: true }).toBuffer();
  assert.deepEqual(await pixelOf((await decodeInputImage(palette, options)).png, 1, 1), [0x40, 0x80, 0xc0]);
  const cmyk = await plain(64, 64, '#c84030').toColourspace('cmyk').jpeg({ quality: 100 }).toBuffer();
  assert.equal((await sharp(cmyk).metadata()).space, 'cmyk');
  // The conversion goes through the profiles of libvips, there and back; saturated colours move a little.
  for (const [channel, value] of (await pixelOf((await decodeInputImage(cmyk, options)).png, 1, 1)).entries())
    assert.ok(Math.abs(value - [0xc8, 0x40, 0x30][channel]!) < 30, `channel ${channel} is ${value}`);
});

test('a picture above maxPixels is scaled down, one below is not', async () => {
  const bytes = await gradient(400, 200).png().toBuffer();
  const scaled = await decodeInputImage(bytes, { maxPixels: 200 * 100 });
  assert.deepEqual([scaled.width, scaled.height], [200, 96]);
  const whole = await decodeInputImage(bytes, { maxPixels: 400 * 200 });
  assert.deepEqual([whole.width, whole.height], [400, 200]);
});

test('of an animated WebP the first frame is taken', async () => {
  const frames = [
    await plain(64, 64, '#ff0000').png().toBuffer(),
    await plain(64, 64, '#0000ff').png().toBuffer(),
  ];
  const animation = await sharp(frames, { join: { animated: true } })
    .webp({ lossless: true })
    .toBuffer();
  assert.equal((await sharp(animation, { pages: -1 }).metadata()).pages, 2);
  const { png, height } = await decodeInputImage(animation, options);
  assert.equal(height, 64);
  assert.deepEqual(await pixelOf(png, 1, 1), [255, 0, 0]);
});

test('a side under 64 is refused with the size', async () => {
  assert.match(
    await refusal(await gradient(200, 63).png().toBuffer()),
    /the image is 200x63; each side must have at least 64/,
  );
  const banner = await plain(4000, 100, '#fff').png().toBuffer();
  await assert.rejects(
    decodeInputImage(banner, { maxPixels: 100_000 }),
    /4000x100, 2000x48 at the allowed 100000 pixels; each side/,
  );
});

test('formats other than JPEG, PNG and WebP are refused by their names before they are decoded', async () => {
  const box = (brand: string) => Buffer.from(`\0\0\0\x18ftyp${brand}\0\0\0\0${' '.repeat(100)}`, 'latin1');
  for (const [bytes, name] of [
    [Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="99" height="99"><rect/></svg>'), 'SVG'],
    [Buffer.from('<?xml version="1.0"?>\n<!DOCTYPE svg PUBLIC "x">\n<svg width="9"/>'), 'SVG'],
    [Buffer.from('<!DOCTYPE html><html><body>404</body></html>'), 'an HTML page'],
    [Buffer.from('{"error": "no such picture"}'), 'JSON'],
    [await plain(64, 64, '#fff').gif().toBuffer(), 'GIF'],
    [await plain(64, 64, '#fff').tiff().toBuffer(), "TIFF or a camera's raw file (DNG, NEF, ARW)"],
    [await plain(64, 64, '#fff').avif().toBuffer(), 'AVIF'],
    // ISO/IEC 23008-12: the brands of iPhones' and Android's pictures.
    [box('heic'), 'HEIC'],
    [box('heix'), 'HEIC'],
    [box('mif1'), 'HEIC'],
    [box('crx '), "a camera's raw file (CR3)"],
    [box('qt  '), 'a video (MP4 or QuickTime)'],
    [Buffer.from('II*\0\x10\0\0\0CR', 'latin1'), "a camera's raw file (CR2)"],
    [Buffer.from(`BM${'\0'.repeat(60)}`), 'BMP'],
    [Buffer.from('\0\0\0\x0cJXL \r\n', 'latin1'), 'JPEG XL'],
    [Buffer.from('%PDF-1.4\n1 0 obj\n<< >>\nendobj\n'), 'PDF'],
  ] as const)
    assert.equal(await refusal(bytes), `the image must be a JPEG, PNG or WebP picture, got ${name}`);
  for (const bytes of [Buffer.from('not a picture'), Buffer.alloc(100), Buffer.from([0xff, 0xd8])])
    assert.equal(await refusal(bytes), 'the image must be a JPEG, PNG or WebP picture');
  assert.equal(await refusal(Buffer.alloc(0)), 'the image is empty');
});

test('truncated and damaged pictures are refused', async () => {
  for (const bytes of [
    await gradient(128, 128).jpeg().toBuffer(),
    await gradient(128, 128).png().toBuffer(),
    await gradient(128, 128).webp().toBuffer(),
  ]) {
    const message = await refusal(bytes.subarray(0, Math.floor(bytes.length * 0.6)));
    assert.equal(message, 'the image is damaged or truncated and cannot be decoded');
  }
});

test('a small file that claims a huge picture is refused by its header', async () => {
  const bomb = Buffer.from(await gradient(64, 64).png().toBuffer());
  bomb.writeUInt32BE(30_000, 16);
  bomb.writeUInt32BE(30_000, 20);
  bomb.writeUInt32BE(crc32(bomb.subarray(12, 29)), 29);
  assert.equal(await refusal(bomb), 'the image has more than 268402689 pixels');
  bomb.writeUInt32BE(16_000, 16);
  bomb.writeUInt32BE(16_000, 20);
  bomb.writeUInt32BE(crc32(bomb.subarray(12, 29)), 29);
  assert.equal(await refusal(bomb), 'the image has more than 16777216 pixels');
  const padded = Buffer.concat([bomb, Buffer.alloc(5_000_000)]);
  assert.equal(await refusal(padded), 'the image has more than 67108864 pixels');
});

test('a large PNG or WebP is read where its file is that of a photo, and refused where it is hollow', async () => {
  const noise = { type: 'gaussian', mean: 128, sigma: 30 } as const;
  const tile = await sharp({ create: { width: 500, height: 500, channels: 3, background: '#000', noise } })
    .png()
    .toBuffer();
  const photo = plain(5000, 4000, '#4080c0').composite([{ input: tile, tile: true }]);
  for (const bytes of [
    await photo.clone().png({ compressionLevel: 1 }).toBuffer(),
    await photo.clone().webp({ effort: 0 }).toBuffer(),
  ]) {
    const { width, height } = await decodeInputImage(bytes, { maxPixels: 1_572_864 });
    assert.deepEqual([width, height], [1400, 1120]);
  }
  const hollow = plain(5000, 4000, '#4080c0');
  for (const bytes of [await hollow.clone().png().toBuffer(), await hollow.clone().webp().toBuffer()])
    assert.equal(await refusal(bytes), 'the image has more than 16777216 pixels');
});

test('photos of today are read, also progressive ones and those that lie on their side', async () => {
  for (const [width, height, progressive, orientation] of [
    [6000, 4000, false, 1],
    [6000, 4000, true, 1],
    [4000, 6000, false, 6],
    [8000, 6000, false, 8],
    [12_000, 9000, false, 1],
    [16_320, 12_240, false, 6],
  ] as const) {
    const photo = await plain(width, height, '#4080c0')
      .withMetadata({ orientation })
      .jpeg({ progressive, quality: 60, optimizeCoding: false })
      .toBuffer();
    const [across, down] = orientation >= 5 ? [height, width] : [width, height];
    const { png, ...size } = await decodeInputImage(photo, { maxPixels: 1_572_864 });
    assert.ok(size.width * size.height <= 1_572_864 && size.width * size.height > 1_400_000);
    assert.ok(Math.abs(size.width / size.height - across / down) < 0.02, `${size.width}x${size.height}`);
    for (const [channel, value] of (await pixelOf(png, 9, 9)).entries())
      assert.ok(Math.abs(value - [0x40, 0x80, 0xc0][channel]!) <= 3, `${width}x${height}: ${value}`);
  }
});
