import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bodies, freeSizeBody } from '../bodies/bodies.ts';
import { openAiBodies } from './bodies.ts';
import { translateEdit, translateGeneration, translateVariation } from './translate.ts';

/** Fields of our own bodies, and the words that OpenAI's API has in their place. */
const otherWords: Readonly<Record<string, string>> = {
  ...{ samples: 'n', base64: 'response_format', img_width: 'size', img_height: 'size' },
  base_model: 'model',
};
/** What of text to image is without effect there. */
const without = ['strength'];

test("OpenAI's bodies take every field of ours, by its own name or by theirs", () => {
  for (const [operation, own] of [
    ['generations', freeSizeBody],
    ['edits', bodies['sdxl-img2img']],
  ] as const) {
    const known = Object.keys(openAiBodies[operation].shape);
    const lacking = Object.keys(own.shape).filter((name) => !known.includes(otherWords[name] ?? name));
    assert.deepEqual(lacking, operation === 'generations' ? without : []);
  }
});

test('what passes through reaches the endpoint as it was sent, and null counts as absent', () => {
  const passed = {
    ...{ loras: [{ name: 'ink', weight: '0.5' }], original_size: [512, 512], crop: [0, 8], eta: 'x' },
    ...{ target_size: null, guidance_end: 0.5 },
  };
  const { target_size: _, ...expected } = passed;
  for (const { fields } of [
    translateGeneration({ prompt: 'p', ...passed }),
    translateEdit({ prompt: 'p', image: 'a', ...passed }, false),
    translateVariation({ image: 'a', ...passed }, false),
  ])
    assert.deepEqual(Object.fromEntries(Object.keys(expected).map((name) => [name, fields[name]])), expected);
});
