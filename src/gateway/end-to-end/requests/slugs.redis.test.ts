import assert from 'node:assert/strict';
import { test } from 'node:test';
import { after, before } from '../../../testing/hooks.ts';
import { picture, startTestService, type TestService } from '../../testing/service.ts';

/** The names under which clients reach the two endpoints. */

let service: TestService;
before(async () => {
  service = await startTestService();
});
after(() => service.close());

const prompt = 'a panda';

test('every name of text to image answers with its picture', async () => {
  for (const url of [
    '/v1/sdxl-torch',
    '/v1/models/sdxl-torch',
    '/v1/sdxl1.0-txt2img',
    '/v1/models/sdxl1.0-txt2img',
  ]) {
    const response = await service.post(url, { prompt, seed: 3 });
    assert.equal(response.statusCode, 200, url);
    assert.equal(response.body, 'picture of seed 3');
    assert.equal(response.headers['x-seed-value'], '3');
  }
});

test('every name of image to image answers with its picture', async () => {
  const image = (await picture(96, 72)).toString('base64');
  for (const url of [
    '/v1/sdxl-img2img',
    '/v1/models/sdxl-img2img',
    '/v1/sdxl1.0-img2img',
    '/v1/models/sdxl1.0-img2img',
  ])
    assert.equal((await service.post(url, { prompt, image, seed: 4 })).body, 'picture of seed 4', url);
  const submit = await service.post('/v2/sdxl1.0-img2img', { prompt, image });
  assert.equal(submit.json().status, 'QUEUED');
});

test('sdxl1.0-txt2img takes sizes, as numbers or text; sdxl-torch does not', async () => {
  const sizes = { img_width: 896, img_height: '1152' };
  assert.equal((await service.post('/v1/sdxl1.0-txt2img', { prompt, ...sizes })).statusCode, 200);
  const request = service.started.at(-1)!;
  assert.ok(request.endpoint === 'sdxl-torch' && request.width === 896 && request.height === 1152);
  const refused = await service.post('/v1/sdxl-torch', { prompt, ...sizes });
  assert.equal(refused.statusCode, 400);
  assert.match(refused.json().error, /img_width must be 1024, got 896/);
  for (const img_width of [504, 900, 2056, 1024.5]) {
    const response = await service.post('/v2/sdxl1.0-txt2img', { prompt, img_width });
    assert.equal(response.statusCode, 400);
    assert.equal(
      response.json().error,
      `img_width must be an integer from 512 to 2048 in steps of 8, got ${img_width}`,
    );
  }
});

test('a body as older clients send it to sdxl1.0-txt2img makes a picture', async () => {
  const response = await service.post('/v1/sdxl1.0-txt2img', {
    prompt,
    negative_prompt: 'NONE',
    seed: '468685',
    scheduler: 'EulerAncestralDiscreteScheduler',
    num_inference_steps: '25',
    samples: '1',
    guidance_scale: '7.5',
    strength: '1',
    shape: 512,
  });
  assert.equal(response.statusCode, 200);
  assert.equal(service.started.at(-1)!.scheduler, 'Euler a');
});

test('a wrong verb is 405 under every name', async () => {
  for (const url of ['/v1/sdxl1.0-txt2img', '/v2/sdxl1.0-img2img']) {
    const response = await service.app.inject({ method: 'PUT', url });
    assert.equal(response.statusCode, 405, url);
    assert.equal(response.headers.allow, 'POST');
    assert.match(response.body, /^<!doctype html>/);
  }
});

test('a retired name is 410 and the others live on', async () => {
  const app = await service.gateway({ retiredSlugs: ['sdxl1.0-txt2img'] });
  for (const url of ['/v1/sdxl1.0-txt2img', '/v2/sdxl1.0-txt2img', '/v1/models/sdxl1.0-txt2img']) {
    const response = await service.post(url, { prompt }, {}, app);
    assert.equal(response.statusCode, 410, url);
    assert.deepEqual(response.json(), { error: 'sdxl1.0-txt2img is retired' });
  }
  assert.equal((await service.post('/v2/sdxl-torch', { prompt }, {}, app)).statusCode, 200);
  await app.close();
});

test('credits and health are where an MCP server asks for them', async () => {
  assert.deepEqual((await service.app.inject('/v1/health')).json(), { status: 'ok' });
  assert.equal((await service.app.inject('/v1/credits')).statusCode, 401);
  assert.equal((await service.app.inject({ method: 'POST', url: '/v1/get-user-credits' })).statusCode, 405);
});
