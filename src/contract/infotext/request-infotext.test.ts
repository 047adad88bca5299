import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseImageToImage, parseTextToImage } from '../bodies/bodies.ts';
import { infotextOf } from './request-infotext.ts';

const defaults = { drawSeed: () => 77, rng: 'philox' } as const;
const facts = { index: 1, seed: 43, width: 832, height: 1216, software: 'sdxl-server 0.1.0' };
const texts = (fields: object) =>
  parseTextToImage({ prompt: 'a red panda', seed: 42, ...fields }, defaults, true);
const images = (fields: object) => ({
  ...parseImageToImage({ prompt: 'a red panda', seed: 42, image: 'x', ...fields }, defaults),
  imageKey: 'key',
});

test('text to image in the words and the order of A1111', () => {
  // Order of the keys: create_infotext, modules/processing.py, commit 0027ce1.
  const request = texts({
    negative_prompt: 'low quality',
    scheduler: 'Euler a',
    img_width: 832,
    img_height: 1216,
  });
  assert.equal(
    infotextOf(request, facts),
    'a red panda\nNegative prompt: low quality\n' +
      'Steps: 25, Sampler: Euler a, CFG scale: 7.5, Seed: 43, Size: 832x1216, Model: sdxl-base, ' +
      'Refiner: sdxl-refiner, Refiner switch at: 0.8, Scheduler: Euler a, Version: sdxl-server 0.1.0',
  );
});

test('a sampler on a schedule that A1111 has no word for keeps its own name', () => {
  const text = infotextOf(texts({ sampler: 'lcm', num_inference_steps: 4, guidance_scale: 1 }), facts);
  assert.match(text, /\nSteps: 4, Sampler: LCM, CFG scale: 1, .*, Scheduler: lcm lcm, /);
});

test('layers left out are told as A1111 counts them, the last but one being 2', () => {
  assert.match(infotextOf(texts({ clip_skip: 1 }), facts), /, Clip skip: 3, Seed: 43,/);
  assert.match(infotextOf(texts({ clip_skip: 0 }), facts), /, Clip skip: 2, Seed: 43,/);
});

test('image to image with a second seed, a resized seed and the noise of the CPU', () => {
  const request = images({
    ...{ scheduler: 'DPM++ 2M SDE Karras', base_model: 'realvis', rng: 'torch-cpu', strength: 0.4 },
    ...{ subseed: 9, subseed_strength: 0.25, seed_resize_from_w: 512, seed_resize_from_h: 768 },
  });
  assert.equal(
    infotextOf(request, { ...facts, seed: 42 }),
    'a red panda\n' +
      'Steps: 30, Sampler: DPM++ 2M SDE, Schedule type: Karras, CFG scale: 6.5, Seed: 42, Size: 832x1216, ' +
      'Model: realvis, Variation seed: 10, Variation seed strength: 0.25, Seed resize from: 512x768, ' +
      'Denoising strength: 0.4, RNG: CPU, Scheduler: DPM++ 2M SDE Karras, Version: sdxl-server 0.1.0',
  );
});

test('a style stands in the prompts, and a refiner without a share is left out', () => {
  const text = infotextOf(texts({ style: 'anime', high_noise_fraction: 1 }), facts);
  assert.match(text, /^[^\n]*a red panda[^\n]*\nNegative prompt: \S/);
  assert.notEqual(text.split('\n')[0], 'a red panda');
  assert.doesNotMatch(text, /Refiner|Style/);
});

test('nothing of how a request is handled gets into its text', () => {
  const request = texts({ base64: true, webhook_url: 'https://hooks.example/secret', priority: 1 });
  assert.doesNotMatch(infotextOf(request, facts), /secret|hooks|priority|base64/);
});
