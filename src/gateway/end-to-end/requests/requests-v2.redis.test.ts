import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';
import { after, before } from '../../../testing/hooks.ts';
import { publicUrl, startTestService, type TestService } from '../../testing/service.ts';

let service: TestService;
before(async () => {
  service = await startTestService();
});
after(() => service.close());

const prompt = 'a panda in the low light';
test('submit, poll and fetch as the published SDK does', async () => {
  const submit = await service.post('/v2/sdxl-torch', { prompt, seed: 9, samples: 2 });
  assert.equal(submit.statusCode, 200);
  const reply = submit.json();
  const id: string = reply.request_id;
  assert.deepEqual(reply, {
    request_id: id,
    status: 'QUEUED',
    poll_url: `${publicUrl}/v1/requests/${id}`,
    status_url: `${publicUrl}/v2/requests/${id}/status`,
    response_url: `${publicUrl}/v2/requests/${id}`,
  });
  const early = (await service.get(`/v2/requests/${id}/status`)).json();
  assert.ok(['QUEUED', 'PROCESSING', 'COMPLETED'].includes(early.status));
  await service.ended(id);
  const status = await service.get(`/v2/requests/${id}/status`);
  assert.equal(status.statusCode, 200);
  assert.equal(status.json().status, 'COMPLETED');
  assert.equal(status.json().metrics.inference_time, 1.25);
  const result = (await service.get(`/v2/requests/${id}`)).json();
  assert.equal(result.error, null);
  assert.equal(result.seed, '9');
  assert.equal(result.prompt, prompt);
  assert.equal(result.metrics.inference_time, 1.25);
  assert.ok(result.metrics.total_time >= result.metrics.queue_time);
  assert.equal(result.output, result.images[0].url);
  assert.equal(result.images.length, 2);
  assert.deepEqual((await service.get(`/v1/requests/${id}`)).json(), result);

  const file = await service.app.inject(result.images[1].url.slice(publicUrl.length));
  assert.equal(file.statusCode, 200);
  assert.equal(file.headers['content-type'], 'image/jpeg');
  assert.equal(file.body, 'picture of seed 10');
  assert.equal(String(file.rawPayload.length), result.images[1].file_size);
});

test('base64 adds the pictures to the result', async () => {
  const id = await service.submitted({ prompt, seed: 11, base64: true });
  await service.ended(id);
  const result = (await service.get(`/v2/requests/${id}`)).json();
  assert.equal(Buffer.from(result.image, 'base64').toString(), 'picture of seed 11');
  assert.equal(result.output, result.images[0].url);
});

test('a failed request is 422 with FAILED and its reason on status and result', async () => {
  const id = await service.submitted({ prompt: 'NaN' });
  await service.ended(id);
  for (const url of [`/v2/requests/${id}/status`, `/v2/requests/${id}`, `/v1/requests/${id}`]) {
    const response = await service.get(url);
    assert.equal(response.statusCode, 422);
    assert.equal(response.json().status, 'FAILED');
    assert.equal(response.json().error, 'The latents contain NaN');
    assert.equal(typeof response.json().metrics.inference_time, 'number');
  }
});

test('the result of an unfinished request is its status', async () => {
  const id = await service.submitted({ prompt: 'slow' });
  const { statusCode, body } = await service.get(`/v2/requests/${id}`);
  assert.equal(statusCode, 200);
  assert.deepEqual(JSON.parse(body).metrics, {});
  await service.ended(id);
});

test('unknown and foreign ids are the same 404 on all three addresses', async () => {
  const id = await service.submitted({ prompt });
  await service.ended(id);
  for (const [asked, apiKey] of [
    [id, service.otherKey],
    [randomUUID(), service.key],
    ['x', service.key],
    ['..%2f..%2fetc', service.key],
  ] as const) {
    const name = decodeURIComponent(asked);
    for (const url of [`/v2/requests/${asked}/status`, `/v2/requests/${asked}`, `/v1/requests/${asked}`]) {
      const response = await service.get(url, apiKey);
      assert.equal(response.statusCode, 404, url);
      assert.deepEqual(response.json(), { error: `Request ${name} not found` });
    }
  }
});

test('addresses follow the host the client asked where no public URL is configured', async () => {
  const local = await service.gateway({ publicUrl: undefined });
  const response = await local.inject({
    method: 'POST',
    url: '/v2/sdxl-torch',
    headers: { 'x-api-key': service.key, host: 'box.lan:81' },
    payload: { prompt },
  });
  assert.match(response.json().status_url, /^http:\/\/box\.lan:81\/v2\/requests\//);
  await local.close();
});
