import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { deniedPrompt } from '../../submit/content-policy.ts';
import { startLiveService } from '../../testing/live-service.ts';

const { call, close, keys, poll, producer, submit } = await startLiveService();
after(close);

test('a result says what decides its bits', async () => {
  const id = await submit('a panda');
  const record = await producer.waitFor(id, 10_000);
  assert.deepEqual((await poll(`/v2/requests/${id}`)).determinism, {
    checkpoints: [{ name: 'tiny', weights: { 'unet/model.safetensors': 'aa' } }],
    device: 'cpu',
    runtime: 'none 1',
    precision: 'float32',
    scheduler: 'UniPC',
    rng: 'philox',
    images: [{ seed: record!.request.seed, latent_sha256: 'bb' }],
  });
});

test('priority is for admin keys', async () => {
  const send = (key: string, priority: unknown) =>
    call('/v2/sdxl-torch', { method: 'POST', key, body: { prompt: 'a panda', priority } });
  const refused = await send(keys.own, 1);
  assert.deepEqual(
    [refused.status, await refused.json()],
    [403, { error: 'priority is for admin keys; this API key is none' }],
  );
  assert.equal((await send(keys.own, null)).status, 200);
  assert.equal((await send(keys.admin, '1')).status, 200);
  const wrong = await send(keys.admin, 0);
  assert.deepEqual(
    [wrong.status, await wrong.json()],
    [400, { error: 'priority must be an integer from 1 to 100, got 0' }],
  );
});

test('webhook_url is refused where nothing could sign the message', async () => {
  const response = await call('/v2/sdxl-torch', {
    method: 'POST',
    body: { prompt: 'a panda', webhook_url: 'https://example.com/hook' },
  });
  assert.equal(response.status, 400);
});

test('a prompt on the deny-list ends as FAILED with 422, no picture and no charge', async () => {
  const credits = async () => (await (await call('/v1/credits', { key: keys.limited })).json()) as object;
  const before = await credits();
  const id = await submit('something forbidden', keys.limited);
  const polled = await call(`/v2/requests/${id}`, { key: keys.limited });
  const body = (await polled.json()) as Record<string, unknown>;
  assert.deepEqual([polled.status, body.status, body.error], [422, 'FAILED', deniedPrompt]);
  const sync = await call('/v1/sdxl-torch', {
    method: 'POST',
    key: keys.limited,
    body: { prompt: 'something forbidden' },
  });
  assert.equal(sync.status, 422);
  assert.equal(((await sync.json()) as Record<string, unknown>).error, deniedPrompt);
  assert.deepEqual(await credits(), before);
});
