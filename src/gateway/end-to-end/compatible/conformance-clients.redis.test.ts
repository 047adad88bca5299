import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TextToImageRequest } from '../../../contract/generation.ts';
import { after, before } from '../../../testing/hooks.ts';
import { picture, startTestService, type TestService } from '../../testing/service.ts';

/**
 * Wire contract 2 and 4.6: bodies and headers of older SDKs and of gateways, and what they read of the
 * answer.
 */

let service: TestService;
before(async () => {
  service = await startTestService();
});
after(() => service.close());

const prompt = 'a panda in the low light';
const lastRequest = () => service.started.at(-1) as TextToImageRequest;

test('4.6 SDK-OLD: all numbers as text; bytes and the header X-remaining-credits', async () => {
  const response = await service.post('/v1/sdxl1.0-txt2img', {
    ...{ prompt, negative_prompt: 'blurry', samples: '1', scheduler: 'UniPC', num_inference_steps: '25' },
    ...{ guidance_scale: '8', seed: '468685', strength: '0.2', high_noise_fraction: '0.8', base64: false },
    ...{ img_width: '1024', img_height: '1024', refiner: 'True' },
  });
  assert.equal(response.statusCode, 200);
  assert.equal(response.body, 'picture of seed 468685');
  assert.ok(Number.isInteger(Number.parseInt(String(response.headers['x-remaining-credits']), 10)));
  const { samples, steps, guidanceScale, strength, highNoiseFraction, refiner } = lastRequest();
  assert.deepEqual(
    { samples, steps, guidanceScale, strength, highNoiseFraction, refiner },
    { samples: 1, steps: 25, guidanceScale: 8, strength: 0.2, highNoiseFraction: 0.8, refiner: true },
  );
});

test('4.6 SDK-OLD: an error is any status but 200', async () => {
  const response = await service.post('/v1/sdxl1.0-txt2img', { prompt, samples: '9' });
  assert.equal(response.statusCode, 400);
});

test('4.6 SDK-JS: negativePrompt and a null seed are left aside, its request headers are harmless', async () => {
  const response = await service.post(
    '/v1/sdxl1.0-txt2img',
    {
      ...{ prompt, negativePrompt: 'blurry', style: 'base', samples: 1, scheduler: 'UniPC', seed: null },
      ...{ num_inference_steps: 20, guidance_scale: 7.5, strength: 0.75, high_noise_fraction: 0.8 },
      ...{ refiner: true, base64: true },
    },
    { 'access-control-allow-origin': '*', accept: 'application/json, text/plain, */*' },
  );
  assert.equal(response.statusCode, 200);
  assert.equal(lastRequest().negativePrompt, '');
  assert.equal(typeof response.json().image, 'string');
});

test('4.6 PORTKEY: extra keys, base64 and two samples give an array in .image', async () => {
  const response = await service.post('/v1/sdxl1.0-txt2img', {
    ...{ prompt, samples: 2, base64: true, style: 'photographic', img_width: 1024, img_height: 1024 },
    ...{
      aspect_ratio: '1:1',
      control_scale: 1.8,
      control_start: 0.19,
      control_end: 1,
      qr_text: 'x',
      seed: 3,
    },
    ...{
      invert: false,
      size: 768,
      qr_code_size: 'x',
      shape: 'square',
      sampler_name: 'Euler',
      steps: 9,
      model: 'm',
    },
  });
  assert.equal(response.statusCode, 200);
  const { image, status } = response.json();
  assert.deepEqual(
    image.map((each: string) => Buffer.from(each, 'base64').toString()),
    ['picture of seed 3', 'picture of seed 4'],
  );
  assert.equal(status, 'success');
  assert.equal(lastRequest().steps, 25);
  const refused = await service.post('/v1/sdxl1.0-txt2img', { prompt: null, samples: 2, base64: true });
  assert.equal(typeof refused.json().error, 'string');
});

test('4.6 MCP: keys of its form, image/ or JSON as content type, credits as a number', async () => {
  assert.match(service.key, /^(sg_|SG_)[a-zA-Z0-9]{12,}$/);
  const response = await service.post(
    '/v1/sdxl1.0-txt2img',
    { prompt, base64: false },
    { 'user-agent': '@segmind/mcp-server/0.1.0' },
  );
  assert.match(String(response.headers['content-type']), /^image\/|application\/json/);
  for (const header of ['x-remaining-credits', 'x-credits-consumed'])
    assert.ok(Number.isInteger(Number.parseInt(String(response.headers[header]), 10)), header);
  assert.equal((await service.app.inject('/v1/health')).statusCode, 200);
  assert.equal((await service.get('/v1/credits')).statusCode, 200);
});

test('4.6 DAV: an image is an image, anything else JSON whose `error` is read', async () => {
  const good = await service.post('/v1/sdxl-torch', { prompt });
  assert.match(String(good.headers['content-type']), /^image\//);
  const bad = await service.post('/v1/sdxl-torch', { prompt, scheduler: 'normal' });
  assert.match(String(bad.headers['content-type']), /^application\/json/);
  assert.match(bad.json().error, /^scheduler must be one of/);
});

test('2 multipart: every value comes as text, booleans in all their spellings', async () => {
  for (const [text, expected] of [
    ['true', true],
    ['True', true],
    ['false', false],
    ['False', false],
  ] as const) {
    const form = new FormData();
    for (const [name, value] of Object.entries({ prompt, refiner: text, seed: '5', guidance_scale: '7.5' }))
      form.set(name, value);
    const encoded = new Response(form);
    const response = await service.post('/v1/sdxl-torch', Buffer.from(await encoded.arrayBuffer()), {
      'content-type': encoded.headers.get('content-type')!,
    });
    assert.equal(response.body, 'picture of seed 5');
    assert.equal(lastRequest().refiner, expected);
  }
});

test('2 null is absent, for every field of both endpoints', async () => {
  const image = (await picture(64, 64)).toString('base64');
  const document = (await service.app.inject('/openapi.json')).json();
  for (const [slug, own] of [
    ['sdxl-torch', { prompt }],
    ['sdxl-img2img', { prompt, image }],
  ] as const) {
    const names = Object.keys(document.components.schemas[slug].properties);
    const nulls = Object.fromEntries(names.map((name) => [name, null]));
    const response = await service.post(`/v1/${slug}`, { ...nulls, ...own });
    assert.equal(response.statusCode, 200, response.body);
  }
});

test('2 body size: a base64 picture of 20 MB is read', async () => {
  // No picture: the body is taken, and the picture refused for what it is.
  const image = Buffer.alloc(20_000_000, 7).toString('base64');
  const response = await service.post('/v2/sdxl-img2img', { prompt, image });
  assert.equal(response.statusCode, 400);
  assert.match(response.json().error, /must be a JPEG, PNG or WebP/);
});
