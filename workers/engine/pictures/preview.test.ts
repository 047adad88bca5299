import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { VaeDecoder } from '../../../src/networks/networks.ts';
import { createPreviewer } from './preview.ts';

const decoder = { channels: 4, scalingFactor: 0.13025, factor: 8 } as VaeDecoder;
const clean = { values: new Float32Array(4 * 16 * 24), channels: 4, height: 16, width: 24 };

test('a preview is a JPEG of one pixel for each latent position', async () => {
  const jpeg = Buffer.from((await createPreviewer(decoder, 0)(clean))!);
  assert.equal(jpeg.readUInt16BE(0), 0xffd8);
  // Start of frame (baseline): marker, length, precision, height, width.
  const frame = jpeg.indexOf(Buffer.of(0xff, 0xc0));
  assert.deepEqual([jpeg.readUInt16BE(frame + 5), jpeg.readUInt16BE(frame + 7)], [16, 24]);
  assert.ok(jpeg.length < 2000);
});

test('no second preview is made within the interval', async () => {
  const preview = createPreviewer(decoder, 3_600_000);
  assert.equal(await preview(clean), undefined);
});

test('broken latents have no preview', async () => {
  const preview = createPreviewer(decoder, 0);
  assert.equal(await preview({ ...clean, values: clean.values.map(() => Number.NaN) }), undefined);
});
