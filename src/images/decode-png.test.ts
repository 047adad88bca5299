import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decodePng } from './decode-png.ts';
import { encodeImage } from './encode-image.ts';

/** [3, height, width]: red grows from left to right, green from top to bottom. */
function ramp(width: number, height: number): Float32Array {
  return Float32Array.from({ length: 3 * width * height }, (_, index) => {
    const position = index % (width * height);
    const channel = Math.floor(index / (width * height));
    if (channel === 2) return -1;
    return channel === 0
      ? ((position % width) / (width - 1)) * 2 - 1
      : (Math.floor(position / width) / (height - 1)) * 2 - 1;
  });
}

test('sides that are multiples already keep every pixel', async () => {
  const png = await encodeImage(ramp(72, 64), 72, 64, 'png');
  const plain = await decodePng(png);
  assert.deepEqual([plain.width, plain.height], [72, 64]);
  assert.deepEqual(await decodePng(png, 8), plain);
});

test('other sides are floored to multiples and the picture is scaled, not cropped', async () => {
  const png = await encodeImage(ramp(200, 120), 200, 120, 'png');
  const { pixels, width, height } = await decodePng(png, 32);
  assert.deepEqual([width, height], [192, 96]);
  assert.equal(pixels.length, 3 * 192 * 96);
  const area = 192 * 96;
  const corners = [0, 191, area - 192, area - 1].map((at) => [pixels[at]!, pixels[area + at]!]);
  const expected = [
    [-1, -1],
    [1, -1],
    [-1, 1],
    [1, 1],
  ];
  for (const [index, corner] of corners.entries())
    for (const [channel, value] of corner.entries())
      assert.ok(Math.abs(value - expected[index]![channel]!) < 0.05, `corner ${index}: ${corner}`);
});
