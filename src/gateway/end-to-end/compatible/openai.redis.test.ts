import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { toFile } from 'openai';
import { decodePng } from '../../../images/decode-png.ts';
import { failure, startOpenAiService } from '../../testing/openai-client.ts';
import { picture, startTestService } from '../../testing/service.ts';

/** OpenAI's own client, on a real socket. */

const { service, client, base } = await startOpenAiService();
after(() => service.close());

const prompt = 'a panda in the low light';

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

test('a picture says how it was made, of a varied seed, where its client asks for that here too', async () => {
  const own = { embed_parameters: true, subseed: 5, subseed_strength: 0.25, seed: 7 };
  await client.images.generate({ prompt, ...own } as never);
  const { embedParameters, variation } = service.started.at(-1)!;
  assert.deepEqual([embedParameters, variation], [true, { seed: 5, strength: 0.25 }]);
  await client.images.generate({ prompt });
  assert.equal(service.started.at(-1)!.embedParameters, undefined);
});
