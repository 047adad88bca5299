import assert from 'node:assert/strict';
import { test } from 'node:test';
import { latentPreview } from './preview.ts';

test('a preview has one pixel for each latent position, coloured by the four channels', () => {
  // Channel-major: position 0 has only channel 0, position 1 only channel 3.
  const values = Float32Array.of(1, 0, 0, 0, 0, 0, 0, 2);
  const preview = latentPreview({ values, channels: 4, height: 1, width: 2 })!;
  assert.deepEqual([preview.width, preview.height], [2, 1]);
  const expected = [0.1084 + 0.3651, 0.1084 - 2 * 0.3165, -0.0175 + 0.4232, -0.0175 - 2 * 0.2492];
  for (const [index, value] of expected.entries())
    assert.ok(Math.abs(preview.pixels[index]! - value) < 1e-6, `pixel value ${index}`);
});

test('zero latents are the grey of the bias', () => {
  const { pixels } = latentPreview({ values: new Float32Array(16), channels: 4, height: 2, width: 2 })!;
  assert.deepEqual(pixels, Float32Array.of(...[0.1084, -0.0175, -0.0011].flatMap((c) => [c, c, c, c])));
});

test('latents of another number of channels have no preview', () => {
  assert.equal(latentPreview({ values: new Float32Array(16), channels: 16, height: 1, width: 1 }), undefined);
});
