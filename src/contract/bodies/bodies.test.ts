import assert from 'node:assert/strict';
import { test } from 'node:test';
import { styleNames } from '../../text/styles.ts';
import { ApiError } from '../errors.ts';
import { bodies, parseImageToImage, parseTextToImage } from './bodies.ts';

const defaults = { drawSeed: () => 123, rng: 'philox' } as const;
const text = (body: unknown) => parseTextToImage(body, defaults);
const image = (body: unknown) => parseImageToImage(body, defaults);
const prompt = 'a panda';
const picture = 'https://pictures.example/panda.png';

const refusal =
  (status: number, ...parts: (string | RegExp)[]) =>
  (error: unknown) => {
    assert.ok(error instanceof ApiError);
    assert.equal(error.status, status);
    for (const part of parts)
      assert.match(error.message, typeof part === 'string' ? new RegExp(RegExp.escape(part)) : part);
    return true;
  };

test('a prompt alone takes the published defaults of sdxl-torch', () => {
  assert.deepEqual(text({ prompt }), {
    endpoint: 'sdxl-torch',
    prompt,
    negativePrompt: '',
    samples: 1,
    scheduler: 'UniPC',
    steps: 25,
    guidanceScale: 7.5,
    strength: 0.2,
    seed: 123,
    base64: false,
    outputFormat: 'jpeg',
    rng: 'philox',
    style: 'base',
    highNoiseFraction: 0.8,
    refiner: true,
    width: 1024,
    height: 1024,
  });
});

test('a prompt and an image alone take the published defaults of sdxl-img2img', () => {
  assert.deepEqual(image({ prompt, image: picture }), {
    endpoint: 'sdxl-img2img',
    prompt,
    negativePrompt: '',
    samples: 1,
    scheduler: 'UniPC',
    steps: 30,
    guidanceScale: 6.5,
    strength: 0.65,
    seed: 123,
    base64: false,
    outputFormat: 'jpeg',
    rng: 'philox',
    baseModel: 'juggernaut',
    image: picture,
  });
});

test('numbers and booleans given as text are read as what they say', () => {
  const request = text({
    prompt,
    samples: '2',
    num_inference_steps: ' 30 ',
    guidance_scale: '8',
    seed: '468685',
    strength: '.5',
    high_noise_fraction: '8e-1',
    img_width: '1024',
    refiner: 'False',
    base64: 'TRUE',
  });
  assert.equal(request.samples, 2);
  assert.equal(request.steps, 30);
  assert.equal(request.guidanceScale, 8);
  assert.equal(request.seed, 468685);
  assert.equal(request.strength, 0.5);
  assert.equal(request.highNoiseFraction, 0.8);
  assert.equal(request.refiner, false);
  assert.equal(request.base64, true);
});

test('null means absent, and fields of other services are ignored', () => {
  const foreign = {
    negativePrompt: 'x',
    shape: 1,
    sampler_name: [],
    steps: 3,
    model: {},
    size: 768,
    control_scale: 'y',
  };
  assert.deepEqual(
    text({ prompt, seed: null, style: null, refiner: null, num_inference_steps: null, ...foreign }),
    text({ prompt }),
  );
});

test('a seed of -1 is drawn and any other is kept, up to fifty bits', () => {
  assert.equal(text({ prompt, seed: -1 }).seed, 123);
  assert.equal(text({ prompt, seed: 0 }).seed, 0);
  assert.equal(text({ prompt, seed: 999_999_999_999_999 }).seed, 999_999_999_999_999);
});

for (const [field, wrong, expected] of [
  ['samples', [0, 5, 1.5, 'two', '', true, [1], { a: 1 }], 'an integer from 1 to 4'],
  ['num_inference_steps', [19, 101, 20.5, '19', 'NaN', 'Infinity', '0x20'], 'an integer from 20 to 100'],
  ['guidance_scale', [0.99, 25.01, 'high', false], 'a number from 1 to 25'],
  ['high_noise_fraction', [-0.01, 1.01, '80%'], 'a number from 0 to 1'],
  ['strength', [0.09, 1.1, [0.5]], 'a number from 0.1 to 1'],
  ['seed', [-2, 1e15, 1.5, 'random'], 'an integer from -1 to 999999999999999'],
  ['img_width', [512, 1023, '2048', 'wide'], '1024'],
  ['img_height', [0, 1024.5], '1024'],
  ['refiner', ['yes', 1, 'on', {}], 'true or false'],
  ['base64', ['1', 0], 'true or false'],
  ['negative_prompt', [7, false, ['ugly']], 'a string'],
  ['scheduler', ['Euler b', 'unip', '', 3, 'toString', '__proto__'], /one of: .*UniPC/],
  ['rng', ['mt19937'], 'one of: philox, torch-cpu'],
  ['output_format', ['gif'], 'one of: jpeg, png, webp'],
] as const) {
  test(`${field} of the wrong type or range is refused with the field, what it must be and the value`, () => {
    for (const value of wrong) {
      assert.throws(
        () => text({ prompt, [field]: value }),
        refusal(400, field, expected, `got ${JSON.stringify(value)}`),
      );
    }
  });
}

test('a missing, empty or foreign prompt is refused in the published words', () => {
  for (const body of [{}, { prompt: '' }, { prompt: null }])
    assert.throws(() => text(body), refusal(400, /^Prompt is Mandatory$/));
  for (const value of [5, true, ['a'], { text: 'a' }])
    assert.throws(
      () => text({ prompt: value }),
      refusal(400, 'Prompt is Mandatory and must be string', 'got '),
    );
});

test('an overlong prompt is refused without echoing all of it', () => {
  assert.throws(
    () => text({ prompt: 'a'.repeat(40_000) }),
    (error: Error) =>
      refusal(400, 'at most 32768 characters', '(40002 characters)')(error) && error.message.length < 250,
  );
});

test('every wrong field of a body is named at once', () => {
  assert.throws(
    () => text({ samples: 9, seed: 'x' }),
    refusal(400, 'Prompt is Mandatory', 'samples must be', 'seed must be'),
  );
});

test('a body that is no object is refused', () => {
  for (const body of [null, undefined, 'text', 3, true, [], [{ prompt }]])
    assert.throws(() => text(body), refusal(400, 'must be an object'));
});

test('names that every object inherits are no fields', () => {
  assert.throws(() => text(Object.create({ prompt })), refusal(400, 'Prompt is Mandatory'));
});

test('a style is taken under its own and its prefixed name, and an unknown one is answered with all of them', () => {
  assert.equal(text({ prompt, style: 'advertising' }).style, 'advertising');
  assert.equal(text({ prompt, style: 'ads-advertising' }).style, 'advertising');
  assert.throws(
    () => text({ prompt, style: 'nice' }),
    refusal(400, 'style must be one of', 'got "nice"', ...styleNames),
  );
});

test('image to image wants an image, an allowed base model and a guidance from 0.1', () => {
  assert.throws(() => image({ prompt }), refusal(400, 'image is mandatory'));
  assert.throws(() => image({ prompt, image: 5 }), refusal(400, 'image must be a string, got 5'));
  assert.throws(
    () => image({ prompt, image: picture, base_model: 15 }),
    refusal(400, 'base_model must be a string of at most 64 characters, got 15'),
  );
  assert.equal(image({ prompt, image: picture, guidance_scale: 0.1 }).guidanceScale, 0.1);
});

test('any name is taken as base_model: the gateway knows which are installed', () => {
  assert.equal(image({ prompt, image: picture, base_model: 'my-own.v2' }).baseModel, 'my-own.v2');
});

test('a file part stands in for the image field', () => {
  const file = Buffer.from('bytes');
  assert.equal(parseImageToImage({ prompt }, defaults, file).image, file);
});

test('each endpoint takes exactly the schedulers of its own registry', () => {
  for (const scheduler of bodies['sdxl-torch'].shape.scheduler.unwrap().options)
    assert.equal(text({ prompt, scheduler }).scheduler, scheduler);
  for (const scheduler of bodies['sdxl-img2img'].shape.scheduler.unwrap().options)
    assert.equal(image({ prompt, image: picture, scheduler }).scheduler, scheduler);
});
