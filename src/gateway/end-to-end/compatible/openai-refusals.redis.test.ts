import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import OpenAI, { toFile } from 'openai';
import { failure, startOpenAiService } from '../../testing/openai-client.ts';
import { picture } from '../../testing/service.ts';

/** What OpenAI's own client is refused, and how. */

const { service, client, base } = await startOpenAiService();
after(() => service.close());

const prompt = 'a panda in the low light';

test('a name of neither ours nor OpenAI is refused with those there are', async () => {
  for (const model of [
    'gpt-4o',
    'gpt-imagine',
    'flux',
    'dall-e 3',
    'not-dall-e-3',
    'gpt-image-',
    'x'.repeat(65),
  ]) {
    const error = await failure(client.images.generate({ prompt, model }));
    assert.equal(error.status, 400, model);
    assert.equal(error.param, 'model');
  }
});

for (const [field, body, text] of [
  ['prompt', { prompt: '' }, /Prompt is Mandatory/],
  ['n', { prompt, n: 11 }, /n must be an integer from 1 to 10, got 11/],
  ['size', { prompt, size: '257x256' }, /size must be auto, 256x256 or WIDTHxHEIGHT/],
  ['size', { prompt, size: '1000x1001' }, /size must be auto, 256x256 or WIDTHxHEIGHT/],
  ['model', { prompt, model: 'jugernaut' }, /model "jugernaut" is not a model of .*nearest: juggernaut/],
  ['model', { prompt, model: 'sdxl-refiner' }, /there are: sdxl-base, juggernaut/],
  ['quality', { prompt, quality: 'best' }, /quality must be one of/],
  ['background', { prompt, background: 'transparent' }, /background must be one of: auto, opaque/],
  ['stream', { prompt, stream: 'maybe' }, /stream must be true or false/],
  ['partial_images', { prompt, stream: true, partial_images: 4 }, /partial_images must be .* 0 to 3, got 4/],
  ['moderation', { prompt, moderation: 'high' }, /moderation must be one of: auto, low/],
  ['output_format', { prompt, output_format: 'gif' }, /output_format must be one of/],
  [
    'output_compression',
    { prompt, output_compression: 50 },
    /output_compression must be 100 with output_format png/,
  ],
  [
    'output_compression',
    { prompt, output_format: 'webp', output_compression: 101 },
    /from 0 to 100, got 101/,
  ],
  ['style', { prompt, style: 'ugly' }, /style must be one of/],
  ['seed', { prompt, seed: 'x' }, /seed must be an integer/],
  ['scheduler', { prompt, scheduler: 'x' }, /scheduler must be one of/],
] as const)
  test(`a generation with a wrong ${field} is refused by name: ${JSON.stringify(body)}`, async () => {
    const error = await failure(client.images.generate(body as never));
    assert.equal(error.status, 400);
    assert.equal(error.param, field);
    assert.equal(error.type, 'invalid_request_error');
    assert.equal(error.code, field === 'prompt' ? 'missing_required_parameter' : 'invalid_value');
    assert.match(error.message, text);
  });

test('an edit with a mask, with several pictures, with none, with a broken one or of a missing model is refused', async () => {
  const image = await toFile(await picture(80, 64), 'a.png');
  const broken = await toFile(Buffer.from('no picture'), 'a.png');
  for (const [body, param, text] of [
    [{ image, mask: image }, 'mask', /mask is not yet served/],
    [{ image: [image, image] }, 'image', /image must be one picture, got 2/],
    [{ image: broken }, 'image', /image must be a JPEG, PNG or WebP/],
    [{ image, model: 'realvis' }, 'model', /"realvis" is not installed/],
    [{ image, model: 'a-name-of-no-one' }, 'model', /"a-name-of-no-one" is not installed.*: juggernaut/],
    [{ image, size: '2048x2048' }, 'size', /at most 1572864 pixels/],
  ] as const) {
    const error = await failure(client.images.edit({ prompt, ...body } as never));
    assert.equal(error.status, 400, text.source);
    assert.match(error.message, text);
    assert.equal(error.param, param);
  }
  const error = await failure(client.post('/images/edits', { body: { prompt } }));
  assert.match(error.message, /image is mandatory/);
});

test('wrong keys, wrong verbs and unsuitable content are refused in the envelope of that API', async () => {
  const stranger = new OpenAI({ apiKey: 'SG_0123456789abcdef', baseURL: `${base}/v1`, maxRetries: 0 });
  const refused = await failure(stranger.images.generate({ prompt }));
  assert.equal(refused.status, 401);
  assert.equal(refused.code, 'invalid_api_key');
  for (const [method, path, status] of [
    ['GET', '/v1/images/generations', 405],
    ['POST', '/v1/models', 405],
    ['POST', '/v1/images/edits', 415],
    ['POST', '/v1/images/variations', 415],
  ] as const) {
    const response = await fetch(`${base}${path}`, {
      method,
      headers: { authorization: `Bearer ${service.key}`, 'content-type': 'text/plain' },
      ...(method === 'POST' && { body: 'x' }),
    });
    assert.equal(response.status, status);
    const { error } = (await response.json()) as { error: object };
    assert.deepEqual(Object.keys(error), ['message', 'type', 'param', 'code']);
  }
});

test('a failed generation is 422 with its reason, one that takes too long 504 with its id', async () => {
  const failed = await failure(client.images.generate({ prompt: 'NaN' }));
  assert.equal(failed.status, 422);
  assert.match(failed.message, /The latents contain NaN/);
  const hasty = await service.gateway({ v1DeadlineSeconds: 0.05 });
  const late = await hasty.inject({
    method: 'POST',
    url: '/v1/images/generations',
    headers: { authorization: `Bearer ${service.key}` },
    payload: { prompt: 'slow' },
  });
  assert.equal(late.statusCode, 504);
  assert.equal(late.json().error.type, 'server_error');
  const id = String(late.headers['x-request-id']);
  assert.match(late.json().error.message, new RegExp(id));
  await service.ended(id);
  await hasty.close();
});
