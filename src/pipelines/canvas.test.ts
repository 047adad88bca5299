import assert from 'node:assert/strict';
import { test } from 'node:test';
import { canvasFor, cropped, mirrored } from './canvas.ts';

/** Each pixel says its channel, row and column. */
function numbered(height: number, width: number): Float32Array {
  return Float32Array.from({ length: 3 * height * width }, (_, index) => {
    const at = index % (height * width);
    return Math.floor(index / (height * width)) * 10_000 + Math.floor(at / width) * 100 + (at % width);
  });
}

test('the canvas is the next multiple of any factor, the size itself where it is one', () => {
  for (const [factor, size, canvas] of [
    [8, [720, 1280], [720, 1280]],
    [16, [1000, 1048], [1008, 1056]],
    [32, [720, 1280], [736, 1280]],
    [64, [520, 2048], [576, 2048]],
    [4, [4, 6], [4, 8]],
  ] as const)
    assert.deepEqual(canvasFor({ height: size[0], width: size[1] }, factor), {
      height: canvas[0],
      width: canvas[1],
    });
});

test('cropping cuts the same off both sides, the smaller half first', () => {
  const canvas = { height: 4, width: 6 };
  assert.deepEqual([...cropped(numbered(4, 6), canvas, { height: 2, width: 3 })].slice(0, 6), [
    ...[101, 102, 103],
    ...[201, 202, 203],
  ]);
  const whole = numbered(4, 6);
  assert.equal(cropped(whole, canvas, canvas), whole);
});

test('a mirrored picture has its own pixels in the middle and their reflection around it', () => {
  const size = { height: 2, width: 3 };
  const canvas = { height: 4, width: 8 };
  const pixels = numbered(2, 3);
  const around = mirrored(pixels, size, canvas);
  assert.deepEqual([...around].slice(0, 8), [102, 101, 100, 101, 102, 101, 100, 101]);
  assert.deepEqual([...around].slice(8, 16), [2, 1, 0, 1, 2, 1, 0, 1]);
  assert.deepEqual(cropped(around, canvas, size), pixels);
  assert.deepEqual(
    [...mirrored(Float32Array.of(1, 2, 3), { height: 1, width: 1 }, { height: 1, width: 4 })],
    [...[1, 1, 1, 1], ...[2, 2, 2, 2], ...[3, 3, 3, 3]],
  );
});
