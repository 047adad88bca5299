import assert from 'node:assert/strict';
import { test } from 'node:test';
import sharp from 'sharp';
import { type Fit, fitImage } from './fit-image.ts';

/** 40 x 20: the left half red, the right half blue. */
const red = { r: 255, g: 0, b: 0 };
const blue = { r: 0, g: 0, b: 255 };
const flat = (background: object) =>
  sharp({ create: { width: 20, height: 20, channels: 3, background } })
    .png()
    .toBuffer();
const halves = await sharp({ create: { width: 40, height: 20, channels: 3, background: blue } })
  .composite([{ input: await flat(red), left: 0, top: 0 }])
  .png()
  .toBuffer();

async function pixelsOf(fit: Fit, width: number, height: number) {
  const fitted = await fitImage(halves, { width, height, fit });
  const { data, info } = await sharp(fitted).removeAlpha().raw().toBuffer({ resolveWithObject: true });
  assert.deepEqual([info.width, info.height], [width, height]);
  const nameAt = (x: number, y: number) => {
    const at = (y * width + x) * 3;
    return data[at]! > 200 && data[at + 2]! < 50
      ? 'red'
      : data[at + 2]! > 200 && data[at]! < 50
        ? 'blue'
        : 'mixed';
  };
  return nameAt;
}

test('stretched, both halves keep half the width', async () => {
  const at = await pixelsOf('stretch', 64, 64);
  assert.deepEqual([at(2, 2), at(28, 60), at(36, 2), at(61, 60)], ['red', 'red', 'blue', 'blue']);
});

test('covering, what stands over is cropped the same on both sides', async () => {
  const at = await pixelsOf('cover', 64, 64);
  assert.deepEqual([at(2, 32), at(28, 32), at(36, 32), at(61, 32)], ['red', 'red', 'blue', 'blue']);
});

for (const [width, height] of [
  [64, 64],
  [200, 20],
  [16, 64],
] as const)
  test(`extended to ${width}x${height}, the borders repeat the outermost pixels`, async () => {
    const at = await pixelsOf('extend', width, height);
    assert.deepEqual([at(0, 0), at(0, height - 1)], ['red', 'red']);
    assert.deepEqual([at(width - 1, 0), at(width - 1, height - 1)], ['blue', 'blue']);
    const middle = width / 2;
    assert.deepEqual([at(middle - 4, height / 2), at(middle + 3, height / 2)], ['red', 'blue']);
  });
