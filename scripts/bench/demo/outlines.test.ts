import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Pixels } from '../../../src/images/decode-png.ts';
import { drawShapes, meanError, outlineSharpness } from './outlines.ts';

/** Every row of a picture of 8 x 2, from black to white with a ramp of so many steps. */
function ramp(steps: number): Pixels {
  const row = Array.from({ length: 8 }, (_, x) => Math.min(1, Math.max(0, (x - 3) / steps)) * 2 - 1);
  return { pixels: Float32Array.from([0, 1, 2, 3, 4, 5].flatMap(() => row)), width: 8, height: 2 };
}

test('an outline is as steep as itself, and a ramp of four pixels a quarter as steep as a step', () => {
  const step = ramp(1);
  assert.equal(outlineSharpness(step, step.pixels), 1);
  assert.equal(outlineSharpness(step, ramp(4).pixels), 0.25);
  assert.equal(
    outlineSharpness(
      step,
      step.pixels.map(() => 0.5),
    ),
    0,
  );
  assert.equal(meanError(step, step.pixels), 0);
  // Three of eight pixels are 1.5, 1 and 0.5 too dark.
  assert.equal(meanError(step, ramp(4).pixels), 3 / 8);
});

test('outlines run down as well as across', () => {
  const turned = { pixels: Float32Array.from([0, 1, 2].flatMap(() => [-1, -1, 1, 1])), width: 2, height: 2 };
  assert.equal(outlineSharpness(turned, turned.pixels), 1);
  assert.equal(
    outlineSharpness(
      turned,
      turned.pixels.map((pixel) => pixel / 2),
    ),
    0.5,
  );
});

test('a drawing without outlines, or of another size, is refused', () => {
  const flat = { pixels: new Float32Array(12), width: 2, height: 2 };
  assert.throws(() => outlineSharpness(flat, flat.pixels), /no outline/);
  assert.throws(
    () => outlineSharpness(ramp(1), new Float32Array(3)),
    /3 pixel values beside a drawing of 48/,
  );
});

test('drawn shapes cover what their outlines hold, in their colours', () => {
  // A square of 0.88 of the medium radius of 0.16: its middle is whole, the ground's corner is ground.
  const { pixels, width } = drawShapes(6, 128);
  const at = (x: number, y: number) =>
    [0, 1, 2].map((channel) => pixels[channel * width * width + y * width + x]!);
  const bytes = (colour: number[]) => colour.map((value) => Math.round((value + 1) * 127.5));
  assert.deepEqual(bytes(at(0, 0)), [128, 44, 180]);
  assert.deepEqual(bytes(at(92, 34)), [18, 18, 22]);
  // 0.72 +- 0.16 * 0.88 of 128 pixels: the square begins at 74.14.
  assert.deepEqual(bytes(at(73, 34)), [128, 44, 180]);
  assert.deepEqual(bytes(at(75, 34)), [18, 18, 22]);
});
