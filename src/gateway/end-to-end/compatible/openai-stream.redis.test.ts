import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import type OpenAI from 'openai';
import { APIError, toFile } from 'openai';
import { formatOf } from '../../../images/picture-format.ts';
import { startOpenAiService } from '../../testing/openai-client.ts';
import { picture } from '../../testing/service.ts';

/** What OpenAI's own client (npm `openai` 6.49.0) parses of the rest of its Images API, streams first. */

const { service, client } = await startOpenAiService({ heartbeatMs: 20 });
after(() => service.close());

const bytesOf = ({ b64_json }: { b64_json?: string }) => Buffer.from(b64_json!, 'base64');

for (const [partials, format, most] of [
  [0, 'png', 0],
  [1, 'webp', 1],
  [3, 'jpeg', 3],
] as const)
  test(`a stream has at most ${partials} pictures on the way, in the format of the last one, which is its end`, async () => {
    const stream = await client.images.generate({
      ...{ model: 'gpt-image-1', prompt: 'watched', stream: true, partial_images: partials, n: 1 },
      ...{ output_format: format, quality: 'low', size: '1536x1024', seed: 5 },
    } as OpenAI.ImageGenerateParamsStreaming);
    const events: OpenAI.ImageGenStreamEvent[] = [];
    for await (const event of stream) events.push(event);
    const last = events.pop()!;
    assert.ok(last.type === 'image_generation.completed');
    assert.equal(bytesOf(last).toString(), 'picture of seed 5');
    const { created_at, b64_json, usage, ...described } = last;
    assert.deepEqual(described, {
      ...{ type: 'image_generation.completed', background: 'opaque', output_format: format },
      ...{ quality: 'low', size: '1536x1024' },
    });
    assert.ok(Math.abs(created_at - Date.now() / 1000) < 60);
    // 48 x 32 tokens of 32x32 pixels.
    assert.deepEqual([usage.output_tokens, usage.total_tokens], [1536, 1536 + usage.input_tokens]);
    // On a slow machine previews are missed; one is there wherever one may be.
    assert.ok(events.length <= most && events.length >= Math.min(1, most), String(events.length));
    for (const [index, event] of events.entries()) {
      assert.ok(event.type === 'image_generation.partial_image');
      assert.equal(event.partial_image_index, index);
      assert.equal(formatOf(bytesOf(event))!.toLowerCase(), format);
    }
  });

test('a stream of several pictures ends with each of them; an edit has events of its own', async () => {
  const image = await toFile(await picture(64, 96), 'a.png');
  const stream = await client.images.edit({
    ...{ image, prompt: 'x', model: 'dall-e-2', stream: true, n: 3 },
    ...({ seed: 1 } as object),
  });
  const seen: string[] = [];
  for await (const event of stream) {
    assert.ok(event.type === 'image_edit.completed');
    // 2 x 3 tokens are read, and made three times.
    const { input_tokens_details: read, output_tokens } = event.usage;
    assert.deepEqual([read.image_tokens, output_tokens, event.size], [6, 18, '64x96']);
    seen.push(bytesOf(event).toString());
  }
  assert.deepEqual(seen, ['picture of seed 1', 'picture of seed 2', 'picture of seed 3']);
});

test('what goes wrong before a stream has a status, afterwards it is an event', async () => {
  const generate = (more: object) =>
    client.images.generate({ prompt: 'x', stream: true, ...more } as OpenAI.ImageGenerateParamsStreaming);
  await assert.rejects(
    async () => generate({ model: 'gpt-5' }),
    (error: APIError) => error.status === 400 && error.param === 'model',
  );
  const stream = await generate({ prompt: 'NaN' });
  await assert.rejects(
    async () => {
      for await (const event of stream) assert.fail(event.type);
    },
    (error: unknown) => error instanceof APIError && /The latents contain NaN/.test(error.message),
  );
  const hasty = await service.gateway({ v1DeadlineSeconds: 0.05 });
  const late = await service.post('/v1/images/generations', { prompt: 'slow', stream: true }, {}, hasty);
  assert.match(late.body, /^event: error\ndata: \{"error":\{"message":"Request \S+ was not finished in time/);
  await service.ended(String(late.headers['x-request-id']));
  await hasty.close();
});

test('a picture that is not shown is a 400 with the code that the model would have', async () => {
  for (const [model, code] of [
    ['gpt-image-1', 'moderation_blocked'],
    ['dall-e-3', 'content_policy_violation'],
  ] as const)
    await assert.rejects(
      async () => client.images.generate({ model, prompt: 'unsafe' }),
      (error: APIError) => error.status === 400 && error.code === code,
    );
});

test('ten pictures, half-sized ones, ones of another quality and variations reach the worker as such', async () => {
  const { data } = await client.images.generate({ model: 'dall-e-2', prompt: 'x', n: 10, size: '256x256' });
  assert.equal(data!.length, 10);
  const { samples, width, height, halved } = service.started.at(-1) as never;
  assert.deepEqual(
    { samples, width, height, halved },
    { samples: 10, width: 512, height: 512, halved: true },
  );

  for (const [output_compression, expected] of [
    [0, 1],
    [60, 60],
    [100, 100],
  ] as const) {
    await client.images.generate({
      model: 'gpt-image-2',
      prompt: 'x',
      output_format: 'webp',
      output_compression,
    });
    assert.equal(service.started.at(-1)!.outputQuality, expected);
  }
  const image = await toFile(await picture(80, 64), 'a.png');
  const answer = await client.images.createVariation({ image, n: 2, size: '512x512', user: 'u' });
  assert.equal(answer.data!.length, 2);
  const varied = service.started.at(-1) as never as Record<string, unknown>;
  assert.deepEqual([varied.prompt, varied.samples, varied.width], ['', 2, 512]);
  await client.images.edit({ image, prompt: 'x', input_fidelity: 'high' });
  assert.equal(service.started.at(-1)!.strength, 0.4);
});

test('a body names what it describes: size, quality, format and tokens; ours have address and bytes', async () => {
  const answer = await client.images.generate({ prompt: 'a red panda', quality: 'hd' });
  const { created: _, data, ...described } = answer;
  assert.deepEqual(Object.keys(data![0]!), ['url', 'b64_json']);
  assert.deepEqual(described, {
    ...{ background: 'opaque', output_format: 'png', quality: 'high', size: '1024x1024' },
    usage: {
      input_tokens: 3,
      input_tokens_details: { text_tokens: 3, image_tokens: 0 },
      output_tokens: 1024,
      output_tokens_details: { text_tokens: 0, image_tokens: 1024 },
      total_tokens: 1027,
    },
  });
});

test('pictures of edits come as JSON too; several, files by id and masks are refused by name', async () => {
  const url = 'https://pictures.example/a.png';
  const edit = (body: object) => service.post('/v1/images/edits', { prompt: 'x', ...body });
  for (const body of [{ image: [url] }, { images: [{ image_url: url }] }, { images: [url] }])
    assert.equal((await edit(body)).statusCode, 200);
  for (const [body, param, text] of [
    [{ image: [url, url] }, 'image', /must be one picture, got 2/],
    [{ images: Array(16).fill({ image_url: url }) }, 'image', /got 16/],
    [{ images: [{ file_id: 'file-1' }] }, 'images', /no files by id/],
    [{ image: url, mask: { image_url: url } }, 'mask', /not yet served/],
    [{}, 'image', /image is mandatory/],
  ] as const) {
    const answer = await edit(body);
    assert.equal(answer.statusCode, 400, answer.body);
    assert.equal(answer.json().error.param, param);
    assert.match(answer.json().error.message, text);
  }
});
