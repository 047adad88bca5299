import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openAiBodies } from '../openai/bodies.ts';
import { type SlugName, slugNames, slugs } from '../slugs.ts';
import { foreignNames } from './foreign-fields.ts';
import { nearMissWarnings, openAiWords, spelling } from './near-misses.ts';

const prompt = 'a panda';
const knownTo = (slug: SlugName) => ({ names: Object.keys(slugs[slug].body.shape) });
const text = (body: object) => nearMissWarnings({ prompt, ...body }, knownTo('sdxl-torch'));
const image = (body: object) => nearMissWarnings({ prompt, ...body }, knownTo('sdxl-img2img'));

test("other services' names are told with their value and the right name", () => {
  for (const [name, value, right] of [
    // AUTOMATIC1111
    ['steps', 30, 'num_inference_steps'],
    ['cfg_scale', 7, 'guidance_scale'],
    ['sampler_name', 'Euler a', 'scheduler'],
    ['sampler_index', 'Euler', 'scheduler'],
    ['batch_size', 2, 'samples'],
    ['n_iter', 2, 'samples'],
    ['denoising_strength', 0.5, 'strength'],
    ['refiner_switch_at', 0.8, 'high_noise_fraction'],
    // ComfyUI
    ['cfg', 7, 'guidance_scale'],
    ['denoise', 0.5, 'strength'],
    ['noise_seed', 4, 'seed'],
    // diffusers
    ['num_images_per_prompt', 2, 'samples'],
    ['denoising_end', 0.8, 'high_noise_fraction'],
    ['output_type', 'pil', 'output_format'],
    // OpenAI
    ['n', 2, 'samples'],
    ['response_format', 'b64_json', 'base64'],
    // Replicate
    ['num_outputs', 2, 'samples'],
    ['prompt_strength', 0.5, 'strength'],
    ['high_noise_frac', 0.8, 'high_noise_fraction'],
    // Stability, Bedrock
    ['style_preset', 'anime', 'style'],
    ['cfgScale', 7, 'guidance_scale'],
    ['numberOfImages', 2, 'samples'],
    ['image_strength', 0.5, 'strength'],
    // The published service's other models and its JavaScript SDK
    ['num_images', 2, 'samples'],
    ['negativePrompt', 'blurry', 'negative_prompt'],
    ['guidance', 7, 'guidance_scale'],
  ] as const)
    assert.deepEqual(text({ [name]: value }), [
      `${name}: ${JSON.stringify(value)} is without effect; the field is called ${right}`,
    ]);
});

test('our names in another spelling, or mistyped, are told', () => {
  for (const [name, right] of [
    ['numInferenceSteps', 'num_inference_steps'],
    ['num-inference-steps', 'num_inference_steps'],
    ['NUM_INFERENCE_STEPS', 'num_inference_steps'],
    ['num_inferance_steps', 'num_inference_steps'],
    ['guidence_scale', 'guidance_scale'],
    ['guidanceScale', 'guidance_scale'],
    ['negitive_prompt', 'negative_prompt'],
    ['Seed', 'seed'],
    ['shceduler', 'scheduler'],
    ['sample', 'samples'],
    ['imgWidth', 'img_width'],
    ['Base64', 'base64'],
  ] as const)
    assert.deepEqual(text({ [name]: 1 }), [`${name}: 1 is without effect; the field is called ${right}`]);
});

test('sizes are told as the endpoint has them', () => {
  const names = (field: string, value: string) => `${field}: ${value} is without effect; `;
  assert.deepEqual(text({ width: 512, height: 768 }), [
    `${names('width', '512')}the field is called img_width`,
    `${names('height', '768')}the field is called img_height`,
  ]);
  for (const field of ['size', 'aspect_ratio', 'image_size'])
    assert.deepEqual(text({ [field]: '1:1' }), [
      `${names(field, '"1:1"')}the fields are called img_width and img_height`,
    ]);
  for (const field of ['width', 'img_height', 'size', 'aspectRatio'])
    assert.deepEqual(image({ [field]: 512 }), [`${names(field, '512')}the picture gets the size of image`]);
});

test('what only the other endpoint has is told', () => {
  assert.deepEqual(text({ init_image: 'https://pictures.example/a.png', base_model: 'realvis', mask: 'x' }), [
    'init_image: "https://pictures.example/a.png" is without effect; image is a field of image to image, sdxl-img2img',
    'base_model: "realvis" is without effect; base_model is a field of image to image, sdxl-img2img',
    'mask: "x" is without effect; there are no masks here, the whole picture is made anew',
  ]);
  assert.deepEqual(image({ style: 'anime', refiner: true }), [
    'style: "anime" is without effect; this endpoint has no style',
    'refiner: true is without effect; this endpoint has no refiner',
  ]);
});

test("the picture's other names are told on image to image", () => {
  for (const name of [
    'init_image',
    'init_images',
    'image_url',
    'imageUrl',
    'input_image',
    'img',
    'sourceImage',
  ])
    assert.match(image({ [name]: 'x' })[0]!, /^\w+: .+ is without effect; the field is called image$/);
  assert.match(image({ model: 'realvis' })[0]!, /the field is called base_model$/);
});

test("OpenAI's bodies are told in OpenAI's words", () => {
  const known = { names: Object.keys(openAiBodies.generations.shape), ...openAiWords };
  const openAi = (body: object) => nearMissWarnings({ prompt, ...body }, known);
  for (const [name, right] of [
    ['samples', 'n'],
    ['num_images', 'n'],
    ['width', 'size'],
    ['img_height', 'size'],
    ['aspect_ratio', 'size'],
    ['base64', 'response_format'],
    ['base_model', 'model'],
    ['steps', 'num_inference_steps'],
    ['responseFormat', 'response_format'],
  ] as const)
    assert.deepEqual(openAi({ [name]: 1 }), [`${name}: 1 is without effect; the field is called ${right}`]);
  assert.deepEqual(openAi({ user: 'u', moderation: 'low', output_compression: 90, partial_images: 1 }), []);
});

test("nothing is told of right names, of anybody's own fields, of nulls, or where the right name is there too", () => {
  assert.deepEqual(
    text({ num_inference_steps: 20, shape: 1, qr_text: 'x', control_scale: 1, user: 'u' }),
    [],
  );
  assert.deepEqual(text({ steps: null, width: undefined }), []);
  assert.deepEqual(text({ steps: 20, num_inference_steps: 25 }), []);
  assert.deepEqual(text({ webhook_url: 'x', priority: 1, rng: 'philox', output_format: 'png' }), []);
});

test('a body of thousands of fields, of endless names or of no shape costs little and says little', () => {
  const many = Object.fromEntries(Array.from({ length: 9000 }, (_, index) => [`steps${index}`, index]));
  assert.deepEqual(text({ ...many, ['steps'.repeat(100_000)]: 1, '': 1, __proto__: 1 }), []);
  assert.equal(text(Object.fromEntries([...foreignNames.keys()].map((name) => [name, 1]))).length, 10);
  for (const body of [undefined, null, 'steps', 3, ['steps'], Number.NaN])
    assert.deepEqual(nearMissWarnings(body, knownTo('sdxl-torch')), []);
  assert.deepEqual(text(JSON.parse('{"constructor": 1, "toString": 2, "__proto__": 3}')), []);
});

test('every foreign name is in the form it is looked up in', () => {
  for (const name of foreignNames.keys()) assert.equal(spelling(name), name);
});

test('no documented field of a body is a near miss in that body', () => {
  for (const slug of slugNames)
    for (const name of knownTo(slug).names)
      assert.deepEqual(nearMissWarnings({ [name]: 1 }, knownTo(slug)), [], name);
});
