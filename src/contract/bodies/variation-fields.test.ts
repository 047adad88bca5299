import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseImageToImage, parseTextToImage } from './bodies.ts';

const defaults = { drawSeed: () => 77, rng: 'philox' } as const;
const optionsOf = (fields: object, embedParameters?: boolean) => {
  const all = { ...defaults, ...(embedParameters !== undefined && { embedParameters }) };
  const texts = parseTextToImage({ prompt: 'a', seed: 1, ...fields }, all);
  const images = parseImageToImage({ prompt: 'a', seed: 1, image: 'x', ...fields }, all);
  const [one, other] = [texts, images].map(({ variation, seedResizeFrom, embedParameters: embed }) => ({
    ...(variation && { variation }),
    ...(seedResizeFrom && { seedResizeFrom }),
    ...(embed !== undefined && { embed }),
  }));
  assert.deepEqual(one, other);
  return one;
};

test('a body of published fields asks for none of it', () => {
  assert.deepEqual(optionsOf({}), {});
  assert.deepEqual(Object.keys(parseTextToImage({ prompt: 'a' }, defaults)).includes('variation'), false);
});

test('a second seed counts with a strength above zero, and is drawn where none is given', () => {
  assert.deepEqual(optionsOf({ subseed: 5, subseed_strength: 0.25 }), {
    variation: { seed: 5, strength: 0.25 },
  });
  assert.deepEqual(optionsOf({ subseed_strength: '0.5' }), { variation: { seed: 77, strength: 0.5 } });
  assert.deepEqual(optionsOf({ subseed: -1, subseed_strength: 1 }), { variation: { seed: 77, strength: 1 } });
  assert.deepEqual(optionsOf({ subseed: 5 }), {});
  assert.deepEqual(optionsOf({ subseed: 5, subseed_strength: 0 }), {});
});

test('a seed is resized where both sides are given', () => {
  const both = { seed_resize_from_w: 512, seed_resize_from_h: 768 };
  assert.deepEqual(optionsOf(both), { seedResizeFrom: { width: 512, height: 768 } });
  assert.deepEqual(optionsOf({ seed_resize_from_w: 512 }), {});
  assert.deepEqual(optionsOf({ ...both, seed_resize_from_h: 0 }), {});
});

test('pictures say how they were made where the request or else the setting wants it', () => {
  assert.deepEqual(optionsOf({ embed_parameters: true }, false), { embed: true });
  assert.deepEqual(optionsOf({ embed_parameters: false }, true), {});
  assert.deepEqual(optionsOf({}, true), { embed: true });
});

for (const [field, value] of [
  ['subseed', -2],
  ['subseed', 1e15],
  ['subseed_strength', 1.01],
  ['seed_resize_from_w', -1],
  ['seed_resize_from_h', 2049],
  ['embed_parameters', 'maybe'],
] as const)
  test(`${field} ${value} is refused by name and value`, () => {
    assert.throws(() => optionsOf({ [field]: value }), new RegExp(`^\\w*:? ?${field} must be .*${value}`));
  });
