import assert from 'node:assert/strict';
import { test } from 'node:test';
import OpenAI, { APIError, toFile } from 'openai';
import { decodePng } from '../../../images/decode-png.ts';
import { after, before } from '../../../testing/hooks.ts';
import { picture, startTestService, type TestService } from '../../testing/service.ts';

/** OpenAI's own client, on a real socket. */

let service: TestService;
let client: OpenAI;
let base: string;
before(async () => {
  service = await startTestService({ publicUrl: undefined }, undefined, {
    loras: { usable: [{ name: 'ink', kind: 'lora', trigger_words: [] }], broken: [] },
  });
  base = await service.app.listen({ host: '127.0.0.1', port: 0 });
  client = new OpenAI({ apiKey: service.key, baseURL: `${base}/v1`, maxRetries: 0 });
});
after(() => service.close());

const prompt = 'a panda in the low light';

async function failure(call: Promise<unknown>): Promise<APIError> {
  const error = await call.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof APIError, String(error));
  return error;
}

test('the client generates pictures and downloads them by their addresses', async () => {
  const { data, created } = await client.images.generate({
    model: 'sdxl-torch',
    prompt,
    n: 2,
    size: '1024x1024',
    // Fields of ours pass through.
    ...{ seed: 7, negative_prompt: 'blurry', scheduler: 'Euler' },
  });
  assert.ok(created > 0);
  assert.equal(data!.length, 2);
  const file = await fetch(data![1]!.url!);
  assert.equal(file.headers.get('content-type'), 'image/png');
  assert.equal(await file.text(), 'picture of seed 8');
  const { negativePrompt, scheduler, samples, width, height } = service.started.at(-1) as never;
  assert.deepEqual(
    { negativePrompt, scheduler, samples, width, height },
    { negativePrompt: 'blurry', scheduler: 'Euler', samples: 2, width: 1024, height: 1024 },
  );
});

test('LoRAs and sizes to be told pass through too, in JSON and in the forms that the client writes', async () => {
  const own = { loras: [{ name: 'ink', weight: 0.5 }], original_size: [640, 512], crop: [8, 0] };
  const expected = [
    [{ name: 'ink', weight: 0.5 }],
    { originalSize: { width: 640, height: 512 }, crop: { left: 8, top: 0 } },
  ];
  const seen = () => {
    const { loras, sizeConditioning } = service.started.at(-1)!;
    return [loras, sizeConditioning];
  };
  await client.images.generate({ prompt, ...own });
  assert.deepEqual(seen(), expected);
  const image = await toFile(await picture(96, 72), 'a.png', { type: 'image/png' });
  await client.images.edit({ prompt, image, ...own });
  assert.deepEqual(seen(), expected);
  const many = await failure(client.images.edit({ prompt, image, ...{ loras: [{ name: 'inc' }] } }));
  assert.match(many.message, /loras: "inc" is not a LoRA of this server; nearest: ink/);
});

test('size, quality, style and file format are mapped', async () => {
  const { data } = await client.images.generate({
    ...{ prompt, size: '1792x1024', quality: 'hd', output_format: 'webp', response_format: 'b64_json' },
    ...{ style: 'vivid', seed: 3 },
  });
  assert.equal(Buffer.from(data![0]!.b64_json!, 'base64').toString(), 'picture of seed 3');
  const { width, height, steps, outputFormat, style } = service.started.at(-1) as never;
  assert.deepEqual(
    { width, height, steps, outputFormat, style },
    { width: 1792, height: 1024, steps: 50, outputFormat: 'webp', style: 'base' },
  );
});

test('a client that chose no model of ours gets the default one, for gpt-image in base64', async () => {
  for (const [model, form] of [
    ['dall-e-2', 'url'],
    ['dall-e-3', 'url'],
    ['DALL-E-4', 'url'],
    ['gpt-image-1', 'b64_json'],
    ['gpt-image-2', 'b64_json'],
    ['gpt-image-2.5-mini-2027-01-31', 'b64_json'],
    ['chatgpt-image-latest', 'b64_json'],
    ['openai/gpt-image-1', 'b64_json'],
  ] as const) {
    const { data } = await client.images.generate({ model, prompt, n: null, size: null });
    assert.deepEqual(Object.keys(data![0]!), [form]);
  }
});

test('the client edits a picture, alone or as a list of one', async () => {
  const png = await picture(80, 64);
  for (const image of [await toFile(png, 'a.png'), [await toFile(png, 'a.png')]]) {
    const { data } = await client.images.edit({
      ...{ image, prompt, model: 'juggernaut', response_format: 'b64_json' },
      ...{ seed: 12, strength: 0.4 },
    });
    assert.equal(Buffer.from(data![0]!.b64_json!, 'base64').toString(), 'picture of seed 12');
    const { baseModel, strength } = service.started.at(-1) as never;
    assert.deepEqual({ baseModel, strength }, { baseModel: 'juggernaut', strength: 0.4 });
    const { width, height } = await decodePng(service.inputs.at(-1)!);
    assert.deepEqual([width, height], [80, 64]);
  }
});

test('an edit with a size works on the picture scaled and cropped to it', async () => {
  const image = await toFile(await picture(80, 64), 'a.png');
  await client.images.edit({ image, prompt, size: '1024x1024' });
  const { width, height } = await decodePng(service.inputs.at(-1)!);
  assert.deepEqual([width, height], [1024, 1024]);
});

test('every size of OpenAI is taken, whatever multiple the installed checkpoint makes', async () => {
  const coarse = await startTestService({}, undefined, { sizeMultiple: 32 });
  for (const size of [
    '1024x1024',
    '1536x1024',
    '1024x1536',
    '1792x1024',
    '1024x1792',
    '1024x1000',
    '1048x520',
  ])
    for (const [url, more] of [
      ['/v1/images/generations', {}],
      ['/v1/images/edits', { image: 'https://pictures.example/a.png' }],
    ] as const) {
      if (url.endsWith('edits') && size.includes('1792')) continue;
      const reply = await coarse.post(url, { prompt, size, ...more });
      assert.equal(reply.statusCode, 200, reply.body);
    }
  await coarse.close();
});

test('an edit takes its picture from JSON too', async () => {
  const response = await fetch(`${base}/v1/images/edits`, {
    method: 'POST',
    headers: { authorization: `Bearer ${service.key}`, 'content-type': 'application/json' },
    body: JSON.stringify({ prompt, image: 'https://pictures.example/a.png' }),
  });
  assert.equal(response.status, 200, await response.text());
});

test('a call repeated under its Idempotency-Key makes one request', async () => {
  const calls = [1, 2].map(() =>
    client.images
      .generate({ prompt: 'once' }, { headers: { 'Idempotency-Key': 'a call' } })
      .withResponse()
      .then(({ response }) => response.headers.get('x-request-id')),
  );
  assert.equal(new Set(await Promise.all(calls)).size, 1);
  assert.equal(service.started.filter((request) => request.prompt === 'once').length, 1);
});

test('the client lists the models, each of which generates', async () => {
  const { data } = await client.models.list();
  assert.deepEqual(
    data.map(({ id }) => id),
    ['sdxl-torch', 'sdxl-base', 'juggernaut'],
  );
  for (const { id } of data)
    assert.ok((await client.images.generate({ prompt, model: id })).data!.length > 0);
});

test('the client asks for a model by the name it would send, for generations or edits', async () => {
  for (const name of [
    ...['sdxl-torch', 'sdxl1.0-txt2img', 'sdxl-img2img', 'sdxl1.0-img2img', 'sdxl-base', 'juggernaut'],
    ...['gpt-image-1', 'gpt-image-9-mini', 'chatgpt-image-latest', 'dall-e-3'],
  ]) {
    const { id, object } = await client.models.retrieve(name);
    assert.deepEqual({ id, object }, { id: name, object: 'model' });
  }
  for (const name of ['realvis', 'gpt-4o', '__proto__', 'a b/c', 'x'.repeat(64)]) {
    const error = await failure(client.models.retrieve(name));
    assert.equal(error.status, 404);
    assert.equal(error.code, 'model_not_found');
    assert.equal(error.param, 'model');
  }
});

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

test('a picture says how it was made, of a varied seed, where its client asks for that here too', async () => {
  const own = { embed_parameters: true, subseed: 5, subseed_strength: 0.25, seed: 7 };
  await client.images.generate({ prompt, ...own } as never);
  const { embedParameters, variation } = service.started.at(-1)!;
  assert.deepEqual([embedParameters, variation], [true, { seed: 5, strength: 0.25 }]);
  await client.images.generate({ prompt });
  assert.equal(service.started.at(-1)!.embedParameters, undefined);
});
