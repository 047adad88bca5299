import assert from 'node:assert/strict';
import { test } from 'node:test';
import { picture, startTestService, type TestService } from '../gateway/testing/service.ts';
import { after, before } from '../testing/hooks.ts';
import { type Client, createClient, RequestFailed } from './client.ts';
import type { RequestEvent } from './events.ts';
import { CallFailed } from './http.ts';

let service: TestService;
let client: Client;
let base: string;
before(async () => {
  service = await startTestService({ publicUrl: undefined });
  base = await service.app.listen({ host: '127.0.0.1', port: 0 });
  client = createClient({ baseUrl: `${base}/`, key: service.key });
});
after(() => service.close());

test('run gives the result of a request, and its pictures can be read', async () => {
  const seen: RequestEvent['name'][] = [];
  const result = await client.run(
    'sdxl1.0-txt2img',
    { prompt: 'watched', seed: 4, samples: 2, img_width: 768 },
    { onEvent: ({ name }) => seen.push(name) },
  );
  assert.deepEqual([result.seed, result.images.length], ['4', 2]);
  assert.equal(await (await client.picture(result.images[1]!.url)).text(), 'picture of seed 5');
  assert.equal(seen.at(-1), 'done');
  assert.ok(seen.includes('progress'), seen.join());
});

test('a picture is uploaded as it is', async () => {
  const bytes = await picture(80, 64);
  for (const file of [new Uint8Array(bytes), new Blob([new Uint8Array(bytes)], { type: 'image/png' })]) {
    const { request_id, status } = await client.upload(file, { prompt: 'x', seed: 8, strength: 0.5 });
    assert.equal(status, 'QUEUED');
    assert.equal((await client.wait(request_id)).seed, '8');
    assert.equal(service.started.at(-1)!.strength, 0.5);
  }
});

test('submit, status and wait: one that fails says why', async () => {
  const { request_id: id } = await client.submit('sdxl-torch', { prompt: 'NaN' });
  await assert.rejects(
    client.wait(id),
    (error) =>
      error instanceof RequestFailed && error.requestId === id && /latents contain NaN/.test(error.message),
  );
  const status = await client.status(id);
  assert.ok(status.status === 'FAILED' && /latents contain NaN/.test(status.error));
  const twice = await Promise.all(
    [1, 2].map(() => client.submit('sdxl-torch', { prompt: 'once' }, { idempotencyKey: 'a' })),
  );
  assert.equal(twice[0]!.request_id, twice[1]!.request_id);
  assert.equal((await client.wait(twice[0]!.request_id)).prompt, 'once');
  assert.equal((await client.status(twice[0]!.request_id)).status, 'COMPLETED');
});

test('a cancelled request has failed', async () => {
  const { request_id: id } = await client.submit('sdxl-torch', { prompt: 'slow' });
  await client.cancel(id);
  await assert.rejects(client.wait(id), RequestFailed);
});

test('what the server refuses is an error with its status and words; a server that is away has none', async () => {
  const refused = (call: Promise<unknown>, status: number, message: RegExp) =>
    assert.rejects(
      call,
      (error) => error instanceof CallFailed && error.status === status && message.test(error.message),
    );
  await refused(client.submit('sdxl-torch', { prompt: '' }), 400, /Prompt is Mandatory/);
  const stranger = createClient({ baseUrl: base, key: () => 'SG_0123456789abcdef' });
  await refused(stranger.run('sdxl-torch', { prompt: 'x' }), 401, /API key is invalid/);
  await refused(createClient({ baseUrl: base }).submit('sdxl-torch', { prompt: 'x' }), 401, /Missing/);
  await refused(client.wait('2f6d0a4e-4c9b-4f0e-9c55-7a3f1f0f7d10'), 404, /not found/);
  const away = createClient({ baseUrl: 'http://127.0.0.1:1' });
  await refused(away.submit('sdxl-torch', { prompt: 'x' }), 0, /does not answer/);
});

test('a stream that breaks is taken up again; waiting ends when it is told to', async () => {
  let streams = 0;
  const flaky = createClient({
    baseUrl: base,
    key: service.key,
    fetch: async (url, init) => {
      const answer = await fetch(url, init);
      if (!String(url).endsWith('/events') || ++streams > 2) return answer;
      await answer.body!.cancel();
      return new Response(new ReadableStream({ start: (controller) => controller.error(new Error('cut')) }));
    },
  });
  assert.equal((await flaky.run('sdxl-torch', { prompt: 'x', seed: 6 })).seed, '6');
  assert.equal(streams, 3);
  const { request_id: id } = await client.submit('sdxl-torch', { prompt: 'slow' });
  await assert.rejects(client.wait(id, { signal: AbortSignal.timeout(50) }), { name: 'TimeoutError' });
  await client.cancel(id);
});

test('a batch is submitted, followed line by line, and its rest cancelled', async () => {
  const { batch_id: id, total } = await client.batches.submit([
    { prompt: 'a', seed: 1, custom_id: 'first' },
    { endpoint: 'sdxl1.0-txt2img', prompt: 'NaN', img_width: 512 },
    { prompt: 'c', seed: 3, loras: [] },
  ]);
  assert.equal(total, 3);
  const seen = new Map<number, string | undefined>();
  const states: number[] = [];
  const onState = ({ counts }: { counts: { completed: number } }) => states.push(counts.completed);
  for await (const { line, status, error, result } of client.batches.follow(id, { onState, pauseMs: 20 }))
    seen.set(line, status === 'FAILED' ? error! : result?.seed);
  assert.deepEqual([...seen].sort(), [
    [1, '1'],
    [2, 'The latents contain NaN'],
    [3, '3'],
  ]);
  assert.equal(states.at(-1), 2);
  const named = [];
  for await (const { custom_id } of client.batches.results(id)) named.push(custom_id);
  assert.deepEqual(named, ['first', null, null]);

  const many = Array.from({ length: 40 }, () => ({ prompt: 'slow' }));
  const long = await client.batches.submit(many, { idempotencyKey: 'long' });
  assert.equal((await client.batches.submit(many, { idempotencyKey: 'long' })).batch_id, long.batch_id);
  await client.batches.cancel(long.batch_id);
  const ended = [];
  for await (const { status } of client.batches.follow(long.batch_id, { pauseMs: 20 })) ended.push(status);
  assert.equal(ended.length, 40);
  assert.ok(ended.filter((status) => status === 'CANCELLED').length >= 30, ended.join());
  assert.equal((await client.batches.state(long.batch_id)).status, 'CANCELLED');
});

test('a batch with a wrong line is refused with the number of the line', async () => {
  const lines = [{ prompt: 'a' }, { prompt: 'b', num_inference_steps: 1 }];
  await assert.rejects(
    client.batches.submit(lines),
    (error) => error instanceof CallFailed && error.status === 400 && /line 2/.test(error.message),
  );
});

test('models, LoRAs and samplers are told', async () => {
  const models = await client.models();
  assert.deepEqual(
    models.map(({ id, kind }) => [id, kind]),
    ['sdxl-torch', 'sdxl-base', 'juggernaut'].map((id) => [id, 'base']),
  );
  assert.equal(models.at(-1)!.image_to_image!.defaults.num_inference_steps, 30);
  assert.deepEqual(await client.loras(), { data: [], unusable: [] });
  assert.ok((await client.samplers()).samplers.some(({ name }) => name === 'dpmpp_2m'));
});
