import assert from 'node:assert/strict';
import { test } from 'node:test';
import { schedulerNames } from '../../schedulers/registry.ts';
import { samplerNames, schedulesOf } from '../../schedulers/samplers.ts';
import { parseImageToImage, parseTextToImage } from '../bodies/bodies.ts';
import type { GenerationRequest } from '../generation.ts';
import { recreatedRequest } from './recreated-request.ts';
import { infotextOf, promptsOf } from './request-infotext.ts';

const defaults = { drawSeed: () => 77, rng: 'philox' } as const;
const software = 'sdxl-server 0.1.0';
const texts = (fields: object) => {
  const { model: name } = fields as { model?: string };
  return parseTextToImage({ seed: 42, ...fields }, defaults, true, name === undefined ? undefined : { name });
};
const images = (fields: object) => {
  const { image: _, ...request } = parseImageToImage({ seed: 42, image: 'x', ...fields }, defaults);
  return { ...request, imageKey: 'key' };
};

/** What of a request decides the pixels of its first picture. */
function decisive(request: GenerationRequest) {
  const { warnings: _, outputFormat, base64, samples, embedParameters, ...rest } = request;
  const pictured = { ...rest, ...promptsOf(request), style: 'base', imageKey: 'key' };
  return request.endpoint === 'sdxl-torch' ? { ...pictured, strength: 0.2 } : pictured;
}

/** The request that the text of its picture leads to. */
function again(request: GenerationRequest, index = 0) {
  const { width = 1152, height = 896 } = request;
  const seed = request.seed + (request.variation ? 0 : index);
  const { fields, warnings } = recreatedRequest(
    infotextOf(request, { index, seed, width, height, software }),
  );
  assert.deepEqual(warnings, []);
  return request.endpoint === 'sdxl-torch' ? texts(fields) : images({ ...fields, image: 'x' });
}

const own = { prompt: 'a red panda, (detailed:1.2)', negative_prompt: 'low quality\nblurry: very' };
for (const scheduler of schedulerNames('sdxl-torch'))
  test(`round trip of sdxl-torch with ${scheduler}`, () => {
    const request = texts({ ...own, scheduler, img_width: 832, img_height: 1216 });
    assert.deepEqual(decisive(again(request)), decisive(request));
  });
for (const scheduler of schedulerNames('sdxl-img2img'))
  test(`round trip of sdxl-img2img with ${scheduler}`, () => {
    const request = images({ ...own, scheduler, strength: 0.45, base_model: 'realvis' });
    assert.deepEqual(decisive(again(request)), decisive(request));
  });
test('round trip of every sampler on every schedule, on both endpoints', () => {
  for (const sampler of samplerNames)
    for (const schedule of schedulesOf(sampler)) {
      const fields = { ...own, sampler, schedule, num_inference_steps: 7, guidance_scale: 1.5 };
      for (const request of [texts(fields), images(fields)])
        assert.deepEqual(decisive(again(request)), decisive(request), `${sampler} ${schedule}`);
    }
});

for (const [what, fields] of Object.entries({
  'no refiner': { refiner: false },
  'a step cache': { cache: { name: 'spectrum', w: 0.25, lam: 0 } },
  LoRAs: {
    loras: [
      { name: 'styles/ink', weight: -0.5 },
      { name: 'b', weight: 1, text_encoder_weight: 0 },
    ],
  },
  'LoRAs that a prompt cannot name': { loras: [{ name: 'a' }, { name: 'b:c' }, { name: 'd', weight: 1e-7 }] },
  'sizes to be told': { original_size: [640, 512], target_size: [1024, 768], crop: [0, 16] },
  'options of the solver': { sampler: 'euler', s_churn: 5, s_tmin: 0.1, s_tmax: 9, s_noise: 1.01 },
  'a share of noise and guidance of ones own': {
    ...{ scheduler: 'Euler a', eta: 0.5, guidance_rescale: 0.7, guidance_start: 0.1, guidance_end: 0.9 },
  },
  'a model of ones own': { model: 'dreamshaper', refiner: false },
  'a late refiner': { high_noise_fraction: 0.95 },
  'a style': { style: 'anime' },
  'text encoder layers left out': { clip_skip: 2 },
  'no layers left out': { clip_skip: 0 },
  'the noise of the CPU': { rng: 'torch-cpu' },
  'a second seed': { subseed: 7, subseed_strength: 0.125 },
  'a resized seed': { seed_resize_from_w: 512, seed_resize_from_h: 768 },
  'an empty negative prompt and a blank prompt': { prompt: ' ', negative_prompt: '' },
  'prompts that look like parameters': {
    prompt: 'a\nSteps: 1, Seed: 2, Size: 3x3',
    negative_prompt: 'b: c, d',
  },
  'other steps, guidance and a large seed': {
    num_inference_steps: 77,
    guidance_scale: 3.3,
    seed: 999_999_999_999_990,
  },
}))
  test(`round trip with ${what}`, () => {
    const request = texts({ ...own, ...fields });
    assert.deepEqual(decisive(again(request)), decisive(request));
  });

test('the text of a further picture leads to that picture alone', () => {
  const request = texts({ ...own, samples: 3 });
  assert.equal(again(request, 2).seed, 44);
  const varied = texts({ ...own, samples: 3, subseed: 7, subseed_strength: 0.5 });
  assert.deepEqual([again(varied, 2).seed, again(varied, 2).variation], [42, { seed: 9, strength: 0.5 }]);
});

/** Last lines as A1111's versions write them, with the fields they mean here. */
for (const [line, expected] of [
  // The docstring of parse_generation_parameters.
  [
    'Steps: 20, Sampler: Euler a, CFG scale: 7, Seed: 965400086, Size: 512x512, Model hash: 45dee52b',
    { sampler: 'euler_ancestral', schedule: 'normal', img_width: 512, seed: 965_400_086 },
  ],
  [
    'Steps: 30, Sampler: DPM++ 2M Karras, Seed: 1, Size: 832x1216',
    { sampler: 'dpmpp_2m', schedule: 'karras' },
  ],
  ['Steps: 30, Sampler: DPM++ 2M, Seed: 1, Size: 832x1216', { sampler: 'dpmpp_2m', schedule: 'normal' }],
  [
    'Steps: 30, Sampler: DPM++ 2M, Schedule type: Karras, Seed: 1, Version: v1.10.1',
    { sampler: 'dpmpp_2m', schedule: 'karras' },
  ],
  [
    'Steps: 30, Sampler: DPM++ 2M, Schedule type: Automatic, Seed: 1',
    { sampler: 'dpmpp_2m', schedule: undefined },
  ],
  [
    'Steps: 4, Sampler: Euler, Schedule type: SGM Uniform, Seed: 1',
    { sampler: 'euler', schedule: 'sgm_uniform' },
  ],
  ['Steps: 20, Sampler: DDIM, Seed: 1, RNG: CPU', { sampler: 'ddim', schedule: undefined, rng: 'torch-cpu' }],
  [
    'Steps: 20, Sampler: Euler a, Seed: 1, Refiner: sdxl-refiner [7440042bbd], Refiner switch at: 0.7',
    { refiner: true, high_noise_fraction: 0.7 },
  ],
  ['Steps: 20, Seed: 1, Denoising strength: 0.3, Model: realvis', { strength: 0.3, base_model: 'realvis' }],
] as const)
  test(`read as A1111 means it: ${line}`, () => {
    const { fields } = recreatedRequest(`a\n${line}`);
    assert.deepEqual({ ...fields, ...expected }, { ...expected, ...fields });
    for (const [name, value] of Object.entries(expected)) assert.equal(fields[name], value, name);
  });

test('what cannot be taken over is told with its key, and hashes are not', () => {
  const { warnings, fields } = recreatedRequest(
    'a\nSteps: many, Sampler: Banana, Seed: 1, Model: dream shaper, Hires upscale: 2, ' +
      'Denoising strength: 0.5, Lora hashes: "a: 12ab", TI hashes: "b: 34cd", Model hash: 123, ENSD: 31337',
  );
  assert.deepEqual(
    warnings.map((warning) => warning.split(':')[0]),
    ['Sampler', 'Steps', 'Model', 'Hires upscale', 'ENSD'],
  );
  assert.equal(fields.strength, undefined);
});
