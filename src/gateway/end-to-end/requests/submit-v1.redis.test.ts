import assert from 'node:assert/strict';
import { test } from 'node:test';
import { after, before } from '../../../testing/hooks.ts';
import { startTestService, type TestService } from '../../testing/service.ts';

let service: TestService;
before(async () => {
  service = await startTestService();
});
after(() => service.close());

const prompt = 'a panda in the low light';
test('answers with the bytes of a JPEG and the headers clients read', async () => {
  const response = await service.post('/v1/sdxl-torch', { prompt, seed: 468685 });
  assert.equal(response.statusCode, 200);
  assert.equal(response.headers['content-type'], 'image/jpeg');
  assert.equal(response.body, 'picture of seed 468685');
  assert.match(String(response.headers['x-request-id']), /^[0-9a-f-]{36}$/);
  assert.equal(response.headers['x-cost'], '0');
  assert.equal(response.headers['x-remaining-credits'], '999999');
  assert.equal(response.headers['x-generation-time'], '1.25');
  assert.equal(response.headers['x-seed-value'], '468685');
  assert.match(String(response.headers['x-rate-limit-reset-at-utc']), /^\d{4}-\d\d-\d\dT\d\d:\d\d:00Z$/);
});

test('base64 gives JSON: a string for one sample, an array for several', async () => {
  const one = await service.post('/v1/sdxl-torch', { prompt, seed: 5, base64: true });
  assert.match(String(one.headers['content-type']), /^application\/json/);
  assert.deepEqual(one.json(), {
    image: Buffer.from('picture of seed 5').toString('base64'),
    status: 'success',
    infer_time: 1.25,
    seed: 5,
  });
  const several = await service.post('/v1/sdxl-torch', { prompt, seed: '5', base64: 'true', samples: '3' });
  assert.deepEqual(
    several.json().image.map((image: string) => Buffer.from(image, 'base64').toString()),
    ['picture of seed 5', 'picture of seed 6', 'picture of seed 7'],
  );
});

test('several samples without base64 give the first picture', async () => {
  const response = await service.post('/v1/sdxl-torch', { prompt, seed: 8, samples: 2 });
  assert.equal(response.body, 'picture of seed 8');
});

test('the file format follows the extension field', async () => {
  const response = await service.post('/v1/sdxl-torch', { prompt, output_format: 'webp' });
  assert.equal(response.headers['content-type'], 'image/webp');
});

test('a seed of -1 is drawn below 2^32 and told', async () => {
  const [a, b] = await Promise.all(
    [-1, undefined].map((seed) => service.post('/v1/sdxl-torch', { prompt, seed })),
  );
  for (const response of [a!, b!]) {
    const seed = Number(response.headers['x-seed-value']);
    assert.ok(Number.isInteger(seed) && seed >= 0 && seed < 2 ** 32);
    assert.equal(response.body, `picture of seed ${seed}`);
  }
  assert.notEqual(a!.headers['x-seed-value'], b!.headers['x-seed-value']);
});

test('a failed request is 422 with its reason', async () => {
  const response = await service.post('/v1/sdxl-torch', { prompt: 'NaN' });
  assert.equal(response.statusCode, 422);
  assert.equal(response.json().error, 'The latents contain NaN');
});

test('a request not finished in time is 504 with its id, and goes on', async () => {
  const hasty = await service.gateway({ v1DeadlineSeconds: 0.1 });
  const response = await hasty.inject({
    method: 'POST',
    url: '/v1/sdxl-torch',
    headers: { 'x-api-key': service.key },
    payload: { prompt: 'slow' },
  });
  assert.equal(response.statusCode, 504);
  const id = String(response.headers['x-request-id']);
  assert.ok(response.json().error.includes(id));
  await service.ended(id);
  assert.equal((await service.get(`/v2/requests/${id}`)).json().status, 'COMPLETED');
  await hasty.close();
});
