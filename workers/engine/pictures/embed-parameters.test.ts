import assert from 'node:assert/strict';
import { test } from 'node:test';
import sharp from 'sharp';
import { encodeImage } from '../../../src/images/encode-image.ts';
import { readParameters } from '../../../src/images/metadata/read-parameters.ts';
import { fakeRequest } from '../../testing/queue.ts';
import { withParameters } from './embed-parameters.ts';

const size = { width: 16, height: 8 };
const plain = await encodeImage(new Float32Array(3 * 16 * 8), 16, 8, 'jpeg');
const picture = { bytes: plain, index: 0, seed: 7, ...size };

test('a picture says how it was made where its request asks for that, and keeps its bytes otherwise', () => {
  const request = { ...fakeRequest('a red fox', 4), outputFormat: 'jpeg' } as const;
  assert.equal(withParameters(request, picture).bytes, plain);
  const { bytes, warnings } = withParameters({ ...request, embedParameters: true }, picture);
  assert.match(
    readParameters(bytes)!.text,
    /^a red fox\nSteps: 4, .*Seed: 7, Size: 16x8, .*Version: sdxl-server \d/,
  );
  assert.deepEqual(warnings, []);
});

test('a client is told of parameters that a JPEG has no room for', () => {
  const request = { ...fakeRequest('long '.repeat(7000), 4), outputFormat: 'jpeg' } as const;
  const { warnings } = withParameters({ ...request, embedParameters: true }, picture);
  assert.match(
    warnings[0]!,
    /^embed_parameters: \d+ characters do not fit into a JPEG; png and webp hold them$/,
  );
});

test('a picture halved after it was made says the size to make it at, and keeps the size of its file', async () => {
  const half = await encodeImage(new Float32Array(3 * 8 * 4), 8, 4, 'webp');
  const request = { ...fakeRequest('a red fox', 4), outputFormat: 'webp', halved: true } as const;
  const { bytes } = withParameters({ ...request, embedParameters: true }, { ...picture, bytes: half });
  assert.match(readParameters(bytes)!.text, /Size: 16x8/);
  const { width, height } = await sharp(bytes).metadata();
  assert.deepEqual([width, height], [8, 4]);
});
