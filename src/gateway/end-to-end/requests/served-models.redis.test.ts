import assert from 'node:assert/strict';
import { test } from 'node:test';
import { after, before } from '../../../testing/hooks.ts';
import { picture, startTestService, type TestService } from '../../testing/service.ts';
import { baseAndTurbo } from '../../testing/turbo-model.ts';

/** The extension field `model`, models under their own names, and what is told of them. */

let service: TestService;
before(async () => {
  service = await startTestService({}, undefined, baseAndTurbo);
});
after(() => service.close());

const prompt = 'a panda';

test('text to image is made with the served model that its body names, and no refiner unless asked', async () => {
  for (const url of ['/v1/sdxl-torch', '/v1/sdxl1.0-txt2img']) {
    assert.equal((await service.post(url, { prompt, model: 'juggernaut' })).statusCode, 200);
    assert.equal(service.lastTextToImage().model, 'juggernaut');
    assert.equal(service.lastTextToImage().refiner, false);
    assert.equal(service.lastTextToImage().steps, 25);
  }
  await service.post('/v1/sdxl-torch', { prompt, model: 'juggernaut', refiner: true });
  assert.equal(service.lastTextToImage().refiner, true);
});

test('the published names and no name at all mean the published base', async () => {
  for (const model of [undefined, null, 'sdxl-torch', 'sdxl1.0-txt2img', 'dall-e-3', 7, {}]) {
    const response = await service.post('/v1/sdxl-torch', { prompt, model });
    assert.equal(response.statusCode, 200);
    assert.equal(service.lastTextToImage().model, undefined);
    assert.equal(service.lastTextToImage().refiner, true);
  }
});

test('an unknown model is refused with the nearest names and all', async () => {
  for (const [model, nearest] of [
    ['jugernaut', 'juggernaut'],
    ['Juggernaut XL', 'juggernaut'],
    ['turbo', 'turbo-xl'],
  ] as const) {
    const response = await service.post('/v2/sdxl-torch', { prompt, model });
    assert.equal(response.statusCode, 400);
    assert.equal(
      response.json().error,
      `model "${model}" is not a model of this server; nearest: ${nearest}; there are: sdxl-base, juggernaut, turbo-xl`,
    );
  }
  for (const model of ['realvis', 'sdxl-refiner', 'a+b', 'x'.repeat(65), '../etc', 'sdxl-base+sdxl-refiner'])
    assert.equal((await service.post('/v1/sdxl-torch', { prompt, model })).statusCode, 400, model);
});

test("a generic client's own model among its other fields stays without effect", async () => {
  const body = { prompt, model: 'm', steps: 9, sampler_name: 'Euler', base64: true };
  const response = await service.post('/v1/sdxl1.0-txt2img', body);
  assert.equal(response.statusCode, 200);
  assert.equal(service.lastTextToImage().model, undefined);
  assert.ok(response.json().warnings.some((each: string) => each.startsWith('model: "m" is without effect')));
});

test("a model's own defaults and ranges hold where it is named, and nowhere else", async () => {
  assert.equal((await service.post('/v1/sdxl-torch', { prompt, model: 'turbo-xl' })).statusCode, 200);
  const { steps, guidanceScale, width, height, scheduler } = service.lastTextToImage();
  assert.deepEqual(
    { steps, guidanceScale, width, height, scheduler },
    { steps: 1, guidanceScale: 0, width: 512, height: 768, scheduler: 'Euler a' },
  );
  const most = { prompt, model: 'turbo-xl', num_inference_steps: 4, guidance_scale: '1', img_width: 640 };
  assert.equal((await service.post('/v1/sdxl-torch', most)).statusCode, 200);
  const many = await service.post('/v1/sdxl-torch', { ...most, num_inference_steps: 5 });
  assert.equal(many.json().error, 'num_inference_steps must be an integer from 1 to 4, got 5');
  const few = await service.post('/v1/sdxl-torch', { prompt, num_inference_steps: 4 });
  assert.equal(few.json().error, 'num_inference_steps must be an integer from 20 to 100, got 4');
  const image = (await picture(96, 72)).toString('base64');
  const edit = { prompt, image, base_model: 'turbo-xl', strength: 1 };
  assert.equal((await service.post('/v1/sdxl-img2img', edit)).statusCode, 200);
  assert.equal(service.started.at(-1)!.steps, 1);
});

test('every model answers under its own name, with a picture as image to image', async () => {
  const answer = await service.post('/v1/turbo-xl', { prompt, seed: 5 });
  assert.equal(answer.body, 'picture of seed 5');
  assert.equal(service.lastTextToImage().model, 'turbo-xl');
  assert.equal((await service.post('/v2/juggernaut', { prompt })).json().status, 'QUEUED');
  const image = (await picture(96, 72)).toString('base64');
  assert.equal((await service.post('/v1/turbo-xl', { prompt, image, strength: 1 })).statusCode, 200);
  const request = service.started.at(-1)!;
  assert.ok(request.endpoint === 'sdxl-img2img' && request.baseModel === 'turbo-xl' && request.steps === 1);
});

test('a name that is not served is an unknown address, a served one wants a key and its verb', async () => {
  for (const url of ['/v1/realvis', '/v2/sdxl-refiner', '/v1/__proto__']) {
    const response = await service.post(url, { prompt });
    assert.equal(response.statusCode, 404);
    assert.equal(response.json().error, `There is no POST ${url} here`);
  }
  const keyless = await service.app.inject({ method: 'POST', url: '/v1/juggernaut', payload: { prompt } });
  assert.equal(keyless.statusCode, 401);
  const read = await service.get('/v1/juggernaut');
  assert.equal(read.statusCode, 405);
  assert.equal(read.headers.allow, 'POST');
});

test('the list of models tells kind, sizes, defaults and ranges of each', async () => {
  const { data } = (await service.get('/v1/models')).json();
  const byId = Object.fromEntries(data.map((model: { id: string }) => [model.id, model]));
  assert.deepEqual(Object.keys(byId), ['sdxl-torch', 'sdxl-base', 'juggernaut', 'turbo-xl']);
  assert.deepEqual(byId['sdxl-torch'].sizes, { minimum: 1024, maximum: 1024, multiple_of: 8 });
  const { created: _, ...rest } = byId['turbo-xl'];
  assert.deepEqual(rest, {
    ...{ id: 'turbo-xl', object: 'model', owned_by: 'sdxl-server', kind: 'base', loaded: false },
    sizes: { minimum: 512, maximum: 2048, multiple_of: 8 },
    defaults: {
      ...{ scheduler: 'Euler a', num_inference_steps: 1, guidance_scale: 0 },
      ...{ img_width: 512, img_height: 768, negative_prompt: '', refiner: false },
    },
    ranges: { num_inference_steps: [1, 4], guidance_scale: [0, 1] },
    image_to_image: {
      ...{
        defaults: { scheduler: 'Euler a', num_inference_steps: 1, guidance_scale: 0, negative_prompt: '' },
      },
      ranges: { num_inference_steps: [1, 4], guidance_scale: [0, 1] },
    },
  });
  // As published; what is named by an extension is not refined unless asked.
  assert.deepEqual(
    ['sdxl-torch', 'sdxl-base', 'juggernaut'].map((id) => byId[id].defaults.refiner),
    [true, false, false],
  );
  assert.deepEqual(
    [byId.juggernaut.image_to_image.defaults.num_inference_steps, byId['sdxl-base'].image_to_image],
    [30, undefined],
  );
  assert.equal((await service.get('/v1/models/sdxl-refiner')).json().kind, 'refiner');
});
