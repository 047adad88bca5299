import assert from 'node:assert/strict';
import { test } from 'node:test';
import { halved } from './halve.ts';

test('a halved picture has the mean of each four pixels, channel by channel', () => {
  const channel = [0, 2, 4, 6, 4, 6, 8, 10];
  const pixels = Float32Array.from([
    ...channel,
    ...channel.map((each) => each + 1),
    ...channel.map(() => -1),
  ]);
  assert.deepEqual([...halved(pixels, 4, 2)], [3, 7, 4, 8, -1, -1]);
});
