import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CheckpointError } from '../checkpoints/checkpoint-error.ts';
import { parseProfile } from './model-profile.ts';

test("defaults and ranges are read in the names of the API's fields", () => {
  const json = {
    defaults: {
      ...{ scheduler: 'Euler a', num_inference_steps: 1, guidance_scale: 0, img_width: 512, img_height: 768 },
      negative_prompt: 'blurry',
      clip_skip: 1,
    },
    ranges: { num_inference_steps: [1, 8], guidance_scale: [0, 1.5] },
  };
  assert.deepEqual(parseProfile(json, 'm/model.json'), {
    defaults: {
      ...{ scheduler: 'Euler a', steps: 1, guidanceScale: 0, width: 512, height: 768 },
      negativePrompt: 'blurry',
      clipSkip: 1,
    },
    ranges: { steps: [1, 8], guidanceScale: [0, 1.5] },
  });
  assert.deepEqual(parseProfile({}, 'm/model.json'), { defaults: {}, ranges: {} });
});

for (const [json, message] of [
  [{ defaults: [] }, /^m\/model\.json: defaults is \[\]; it must be an object$/],
  [
    { defaults: { steps: 4 } },
    /defaults\.steps is 4; the keys of defaults are scheduler, num_inference_steps,/,
  ],
  [{ defaults: { scheduler: 'Elephant' } }, /defaults\.scheduler is "Elephant"; it must be one of DDIM, /],
  [{ defaults: { num_inference_steps: 0 } }, /num_inference_steps is 0; it must be an integer from 1/],
  [{ defaults: { clip_skip: 12 } }, /clip_skip is 12; it must be an integer from 0 to 11/],
  [{ defaults: { img_width: 500 } }, /img_width is 500; it must be from 512 to 2048 in steps of 8/],
  [
    { ranges: { num_inference_steps: [8, 1] } },
    /ranges\.num_inference_steps is \[8,1\]; it must be \[least, most\]/,
  ],
  [{ ranges: { guidance_scale: 1 } }, /ranges\.guidance_scale is 1/],
  [{ ranges: { strength: [0, 1] } }, /ranges\.strength is .*the keys of ranges are/],
] as const)
  test(`what a manifest cannot ask for is refused by its key: ${JSON.stringify(json)}`, () => {
    assert.throws(
      () => parseProfile(json, 'm/model.json'),
      (error) => error instanceof CheckpointError && message.test(error.message),
    );
  });
