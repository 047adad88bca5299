import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { picture, startTestService, type TestService } from '../gateway/testing/service.ts';
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
