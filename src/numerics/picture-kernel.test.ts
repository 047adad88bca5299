import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createPhiloxNormals } from './philox-normals.ts';
import { fillPictureBytes } from './picture-kernel.ts';

/** The conversion as it is defined, number by number: Uint8ClampedArray clamps and rounds half to even. */
function bytesOf(pixels: Float32Array): Uint8Array {
  const area = pixels.length / 3;
  const bytes = new Uint8ClampedArray(pixels.length);
  for (let at = 0; at < bytes.length; at++) {
    const value = pixels[(at % 3) * area + Math.floor(at / 3)]!;
    bytes[at] = Math.fround(Math.fround(value / 2 + 0.5) * 255);
  }
  return new Uint8Array(bytes.buffer);
}

function converted(pixels: Float32Array): Uint8Array | undefined {
  const bytes = new Uint8Array(pixels.length);
  return fillPictureBytes(bytes, pixels) ? bytes : undefined;
}

/** Around a piece of 4,096 and a turn of 16. */
const areas = [1, 15, 16, 17, 4095, 4096, 4097, 2 * 4096 + 5];

test('bytes are those of the conversion number by number, of pictures of any size', () => {
  for (const area of areas) {
    const pixels = new Float32Array(3 * area);
    createPhiloxNormals(area)(pixels);
    assert.deepEqual(converted(pixels), bytesOf(pixels), `${area} pixels`);
  }
});

test('halfway between two levels, beyond both ends and next to nothing it is the same', () => {
  const halves = Array.from({ length: 255 }, (_, lower) => Math.fround(2 * ((lower + 0.5) / 255) - 1));
  const others = [-0, 1e-45, 5e-39, -1e-20, 1, -1, 1.0000001, -1.0000001, 700, -3e9, 3.4e38, -3.4e38];
  const pixels = Float32Array.from([...halves, ...others]);
  assert.equal(pixels.length % 3, 0);
  assert.deepEqual(converted(pixels), bytesOf(pixels));
});

test('one number that is not finite is found wherever it stands, and forgotten by the next picture', () => {
  for (const area of areas) {
    const pixels = new Float32Array(3 * area).fill(0.5);
    for (const at of [0, area - 1, area, 2 * area - 1, 2 * area, 3 * area - 1])
      for (const other of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])
        assert.equal(converted(pixels.with(at, other)), undefined, `${other} at ${at} of ${area}`);
    assert.deepEqual(converted(pixels), bytesOf(pixels));
  }
});
