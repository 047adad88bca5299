import assert from 'node:assert/strict';
import { test } from 'node:test';
import sharp from 'sharp';
import { decodePng } from './decode-png.ts';
import { encodeImage, interleavedBytes, NonFinitePixelsError } from './encode-image.ts';
import { outputFormats } from './output-formats.ts';

/** Pixels [3, 16, 32] with a different smooth ramp in every channel. */
function ramps(): Float32Array {
  return Float32Array.from({ length: 3 * 16 * 32 }, (_, index) => {
    const channel = Math.floor(index / 512);
    return [(index % 32) / 16 - 1, Math.floor((index % 512) / 32) / 8 - 1, 0.25][channel]!;
  });
}

test('values are clamped and channels interleaved', () => {
  assert.deepEqual(
    [...interleavedBytes(Float32Array.of(-1, -3, 1, 7, 0.2, -0.2), 2, 1)],
    [0, 255, 153, 0, 255, 102],
  );
});

test('a value halfway between two numbers goes to the even one', () => {
  for (const [lower, even] of [
    [126, 126],
    [127, 128],
    [128, 128],
  ] as const) {
    const pixel = Math.fround(2 * ((lower + 0.5) / 255) - 1);
    assert.equal(Math.fround(Math.fround(pixel / 2 + 0.5) * 255), lower + 0.5);
    assert.deepEqual([...interleavedBytes(Float32Array.of(pixel, pixel, pixel), 1, 1)], [even, even, even]);
  }
});

test('a PNG survives the way out and in again to within half a step', async () => {
  const pixels = ramps();
  const decoded = await decodePng(await encodeImage(pixels, 32, 16, 'png'));
  assert.deepEqual([decoded.width, decoded.height], [32, 16]);
  for (const [index, value] of decoded.pixels.entries())
    assert.ok(
      Math.abs(value - pixels[index]!) <= 1 / 255 + 1e-6,
      `pixel ${index}: ${value} for ${pixels[index]}`,
    );
});

test('every format is what it says, JPEG without chroma subsampling', async () => {
  for (const format of outputFormats) {
    const metadata = await sharp(await encodeImage(ramps(), 32, 16, format)).metadata();
    assert.deepEqual([metadata.format, metadata.width, metadata.height], [format, 32, 16]);
    if (format === 'jpeg') assert.equal(metadata.chromaSubsampling, '4:4:4');
  }
});

test('the same pixels give the same bytes', async () => {
  for (const format of outputFormats)
    assert.deepEqual(await encodeImage(ramps(), 32, 16, format), await encodeImage(ramps(), 32, 16, format));
});

test('NaN or infinity is refused with its place, never made black', async () => {
  const pixels = ramps();
  pixels[512 + 32 * 3 + 5] = Number.NaN;
  await assert.rejects(encodeImage(pixels, 32, 16, 'jpeg'), (error: unknown) => {
    assert.ok(error instanceof NonFinitePixelsError);
    assert.match(error.message, /holds NaN at channel 1, x 5, y 3/);
    return true;
  });
  pixels[512 + 32 * 3 + 5] = Number.NEGATIVE_INFINITY;
  await assert.rejects(encodeImage(pixels, 32, 16, 'png'), /holds -Infinity/);
});

test('a pixel count that does not fit the size is refused', async () => {
  await assert.rejects(
    encodeImage(ramps(), 32, 15, 'png'),
    /1536 pixel values cannot be a picture of 32x15x3/,
  );
});

test('a stored picture without three channels is refused', async () => {
  const clear = await sharp(new Uint8Array(256), { raw: { width: 8, height: 8, channels: 4 } })
    .png()
    .toBuffer();
  await assert.rejects(decodePng(clear), /has 4 channels instead of 3/);
});
