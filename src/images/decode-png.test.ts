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

test('every pixel of any size is read, channel by channel', async () => {
  const { pixels, width, height } = await decodePng(await encodeImage(ramp(73, 61), 73, 61, 'png'));
  assert.deepEqual([width, height], [73, 61]);
  const expected = ramp(73, 61);
  // Half a step of 8 bits, of a range of 2.
  for (const [index, value] of pixels.entries())
    assert.ok(Math.abs(value - expected[index]!) <= 1 / 255 + 1e-6, `${index}: ${value}`);
});
