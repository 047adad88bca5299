import assert from 'node:assert/strict';
import { test } from 'node:test';
import { after, before } from '../../../testing/hooks.ts';
import { picture, publicUrl, startTestService, type TestService } from '../../testing/service.ts';

/**
 * The wire contract's rows that are documented or seen in clients, by section. Rows held elsewhere:
 * - 1 addresses: slugs (aliases, /v1/models), requests-v2 (polling), keys (get-user-credits)
 * - 2 fields and 6 names: conformance-fields
 * - 2 headers and bodies: conformance-clients, bad-input (content types), image-to-image (forms of `image`),
 *   browsers-and-proxies (request headers from a browser), service (Bearer)
 * - 4.4: conformance-sdk; 4.6: conformance-clients
 * - 5 errors: 401, 405, 406, 413 bad-input; 403, 406 credits, 429 keys; 410 slugs; 422, 504 submit-v1;
 *   404 requests-v2; 502 admission; 503 admission and http
 *
 * Not served: 1.7 upload-asset and 1.8 are on other hosts; "No credits found for the user": every key here
 * has a balance.
 */

let service: TestService;
let image: string;
before(async () => {
  service = await startTestService();
  image = (await picture(64, 64)).toString('base64');
});
after(() => service.close());

const prompt = 'a panda in the low light';

test('3 headers of a v1 answer: all six, with JSON too', async () => {
  for (const base64 of [false, true]) {
    const { headers } = await service.post('/v1/sdxl-torch', { prompt, base64 });
    for (const name of ['x-request-id', 'x-cost', 'x-remaining-credits', 'x-generation-time', 'x-seed-value'])
      assert.ok(headers[name], name);
    assert.ok(!Number.isNaN(Date.parse(String(headers['x-rate-limit-reset-at-utc']))));
  }
});

test('3 the request id of a v1 answer can be asked for under /v2', async () => {
  const { headers } = await service.post('/v1/sdxl-torch', { prompt });
  const status = await service.get(`/v2/requests/${headers['x-request-id']}/status`);
  assert.equal(status.json().status, 'COMPLETED');
});

test('4.1 submit: 200, a UUID of version 4, QUEUED and absolute addresses', async () => {
  const response = await service.post('/v2/sdxl-img2img', { prompt, image });
  assert.equal(response.statusCode, 200);
  const { request_id: id, status, ...addresses } = response.json();
  assert.match(id, /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  assert.equal(status, 'QUEUED');
  for (const address of Object.values(addresses)) assert.ok(String(address).startsWith(`${publicUrl}/v`));
  await service.ended(id);
});

test('4.2 status: metrics are empty until the end; addresses stand in every body', async () => {
  const id = await service.submitted({ prompt: 'slow' });
  const running = (await service.get(`/v2/requests/${id}/status`)).json();
  assert.ok(['QUEUED', 'PROCESSING'].includes(running.status));
  assert.deepEqual(running.metrics, {});
  await service.ended(id);
  const done = (await service.get(`/v2/requests/${id}/status`)).json();
  assert.equal(done.status, 'COMPLETED');
  for (const body of [running, done]) {
    assert.equal(body.status_url, `${publicUrl}/v2/requests/${id}/status`);
    assert.equal(body.response_url, `${publicUrl}/v2/requests/${id}`);
  }
  assert.ok(!('output' in done) && !('images' in done));
});

test('4.3 result: text where the published one is text, one entry per picture, a public address of each', async () => {
  const id = await service.submitted({ prompt, seed: 5, samples: 4 });
  await service.ended(id);
  const { output, images, seed, error, metrics } = (await service.get(`/v2/requests/${id}`)).json();
  assert.equal(error, null);
  assert.equal(seed, '5');
  assert.equal(output, images[0].url);
  assert.equal(images.length, 4);
  for (const [index, { url, content_type, file_name, file_size }] of images.entries()) {
    const file = await service.app.inject(url.slice(publicUrl.length));
    assert.equal(file.body, `picture of seed ${5 + index}`);
    assert.equal(file.headers['content-type'], content_type);
    assert.equal(file_size, String(file.rawPayload.length));
    assert.ok(url.endsWith(`/${file_name}`));
  }
  assert.deepEqual(Object.keys(metrics).sort(), [
    ...['cost', 'inference_time', 'queue_time', 'remaining_credits', 'total_time'],
  ]);
});

test('4.3 FAILED: 422 with neither cost nor credits', async () => {
  const id = await service.submitted({ prompt: 'NaN' });
  await service.ended(id);
  const response = await service.get(`/v2/requests/${id}`);
  assert.equal(response.statusCode, 422);
  assert.deepEqual(Object.keys(response.json().metrics).sort(), [
    'inference_time',
    'queue_time',
    'total_time',
  ]);
});

test('5 every error is JSON with the text under `error`, and no other key', async () => {
  for (const [url, body, headers, status] of [
    ['/v1/sdxl-torch', {}, {}, 400],
    ['/v1/sdxl-torch', { prompt }, { 'x-api-key': 'SG_0' }, 401],
    ['/v1/unknown', { prompt }, {}, 404],
    ['/v2/requests/x', { prompt }, {}, 405],
    ['/v1/sdxl-torch', 'x', { 'content-type': 'text/plain' }, 406],
  ] as const) {
    const response = await service.post(url, body, headers);
    assert.equal(response.statusCode, status, url);
    if (status === 405) assert.match(String(response.headers['content-type']), /^text\/html/);
    else assert.deepEqual(Object.keys(response.json()), ['error']);
  }
});

test('5 500: what nobody foresaw is told in one sentence, and in full only in the log', async () => {
  const { redis } = service.producer;
  const id = await service.submitted({ prompt });
  await service.ended(id);
  await redis.hset(`{sdxl}:request:${id}`, 'request', 'no JSON');
  const response = await service.get(`/v2/requests/${id}`);
  assert.equal(response.statusCode, 500);
  assert.deepEqual(response.json(), { error: 'Internal server error' });
  assert.match(service.log.join(''), /no JSON|not valid JSON/);
});
