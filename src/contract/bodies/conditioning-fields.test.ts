import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseTextToImage } from './bodies.ts';

const defaults = { drawSeed: () => 1, rng: 'philox' } as const;
const parse = (body: object) => parseTextToImage({ prompt: 'a fox', ...body }, defaults);

test('sizes to be told are pairs of width and height, left and top; without any nothing is told', () => {
  assert.equal('sizeConditioning' in parse({}), false);
  assert.deepEqual(
    parse({ original_size: [4096, 2048], target_size: '[640, 512]', crop: [7, 3] }).sizeConditioning,
    {
      originalSize: { width: 4096, height: 2048 },
      targetSize: { width: 640, height: 512 },
      crop: { left: 7, top: 3 },
    },
  );
  assert.deepEqual(parse({ crop: [0, 64] }).sizeConditioning, { crop: { left: 0, top: 64 } });
});

test('what is no such pair is refused by field and value', () => {
  for (const [body, message] of [
    [
      { original_size: 1024 },
      /^original_size must be a list of 2, each an integer from 1 to 16384, got 1024/,
    ],
    [{ target_size: [1024] }, /^target_size must be a list of 2/],
    [{ crop: [0, -1] }, /^crop\[1\] must be an integer from 0 to 16384, got -1/],
  ] as const)
    assert.throws(() => parse(body), { message });
});

test('clip_skip counts as diffusers does, and a model may have its own where the body says nothing', () => {
  assert.equal('clipSkip' in parse({}), false);
  assert.equal(parse({ clip_skip: '1' }).clipSkip, 1);
  assert.equal(parse({ clip_skip: 0 }).clipSkip, 0);
  const model = { name: 'anime', profile: { defaults: { clipSkip: 1 }, ranges: {} } };
  const own = (body: object) =>
    parseTextToImage({ prompt: 'a fox', ...body }, defaults, false, model).clipSkip;
  assert.deepEqual([own({}), own({ clip_skip: null }), own({ clip_skip: 0 })], [1, 1, 0]);
  for (const wrong of [-1, 12, 1.5, 'two'])
    assert.throws(() => parse({ clip_skip: wrong }), {
      message: /^clip_skip must be an integer from 0 to 11, got/,
    });
});
