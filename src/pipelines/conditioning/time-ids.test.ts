import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Unet } from '../../networks/networks.ts';
import { timeIdsFor } from './time-ids.ts';

const unet = (timeIdCount: number) => ({ timeIdCount }) as Unet;
const size = { height: 1024, width: 768 };

// The order of diffusers 0.42.1: original size + crops_coords_top_left + target size, each as height, width.
test('unless told, the sizes are those of the picture', () => {
  assert.deepEqual(timeIdsFor(unet(6), size).positive, [1024, 768, 0, 0, 1024, 768]);
  assert.deepEqual(timeIdsFor(unet(5), size).negative, [1024, 768, 0, 0, 2.5]);
});

test('what a request says of original size, crop and target size is told in their order', () => {
  const told = {
    originalSize: { width: 4096, height: 2048 },
    targetSize: { width: 640, height: 512 },
    crop: { left: 7, top: 3 },
  };
  const { positive, negative } = timeIdsFor(unet(6), size, told);
  assert.deepEqual(positive, [2048, 4096, 3, 7, 512, 640]);
  assert.deepEqual(negative, positive);
  assert.deepEqual(timeIdsFor(unet(5), size, told).positive, [2048, 4096, 3, 7, 6]);
});
