import assert from 'node:assert/strict';
import { test } from 'node:test';
import { clipPixels, clipSide } from './clip-pixels.ts';

const area = clipSide * clipSide;

/** A picture [3, height, width] from a colour (-1 ... 1) for each place. */
function drawn(
  width: number,
  height: number,
  color: (x: number, y: number) => readonly number[],
): Float32Array {
  const pixels = new Float32Array(3 * width * height);
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++)
      for (const [channel, value] of color(x, y).entries())
        pixels[(channel * height + y) * width + x] = value;
  return pixels;
}

test('channels are normalised as CLIP wants them', async () => {
  const values = await clipPixels(
    drawn(256, 256, () => [1, -1, 0]),
    256,
    256,
  );
  assert.equal(values.length, 3 * area);
  // Grey 0 becomes byte 128 (rounded half to even).
  const expected = [
    (1 - 0.48145466) / 0.26862954,
    -0.4578275 / 0.26130258,
    (128 / 255 - 0.40821073) / 0.27577711,
  ];
  for (const [channel, value] of expected.entries())
    for (const position of [0, area / 2, area - 1])
      assert.ok(Math.abs(values[channel * area + position]! - value) < 1e-5, `channel ${channel}`);
});

test('of a wide picture the middle is taken', async () => {
  const wide = drawn(672, 224, (x) => (x >= 224 && x < 448 ? [1, 1, 1] : [-1, -1, -1]));
  const values = await clipPixels(wide, 672, 224);
  assert.ok(values.every((value) => value > 1.9));
});
