import assert from 'node:assert/strict';
import { test } from 'node:test';
import { embedParameters } from '../../../images/metadata/embed-parameters.ts';
import { after, before } from '../../../testing/hooks.ts';
import { picture, startTestService, type TestService } from '../../testing/service.ts';

let service: TestService;
before(async () => {
  service = await startTestService();
});
after(() => service.close());

const text =
  'a panda\nSteps: 25, Sampler: Euler a, CFG scale: 6, Seed: 7, Size: 832x1216, Model: sdxl-base, Scheduler: Euler a';
const spoken = async () =>
  embedParameters(await picture(64, 64), 'png', { text, software: 's 1', width: 64, height: 64 }).bytes;

test('a picture, in a form or in base64, and its text alone lead to the same request, which is taken', async () => {
  const bytes = await spoken();
  const form = new FormData();
  form.append('image', new Blob([new Uint8Array(bytes)]), 'a.png');
  const answers = [
    await service.post('/v1/picture-parameters', form),
    await service.post('/v1/picture-parameters', {
      image: `data:image/png;base64,${bytes.toString('base64')}`,
    }),
    await service.post('/v1/picture-parameters', { parameters: text }),
  ].map((response) => response.json());
  assert.deepEqual(answers[1], answers[0]);
  assert.deepEqual(answers[2], answers[0]);
  const { slug, request, warnings, parameters } = answers[0];
  assert.deepEqual([slug, warnings, parameters], ['sdxl1.0-txt2img', [], text]);
  const response = await service.post(`/v2/${slug}`, request);
  assert.equal(response.statusCode, 200, response.body);
  await service.ended(response.json().request_id);
  const { prompt, steps, scheduler, guidanceScale, seed, width, height } = service.started.at(-1)!;
  assert.deepEqual(
    [prompt, steps, scheduler, guidanceScale, seed, width, height],
    ['a panda', 25, 'Euler a', 6, 7, 832, 1216],
  );
});

test('a silent picture leads to no request; what is none, and nothing, is refused', async () => {
  const image = (await picture(64, 64)).toString('base64');
  assert.deepEqual((await service.post('/v1/picture-parameters', { image })).json(), {
    ...{ parameters: '', slug: null, request: null, warnings: [] },
  });
  for (const [body, message] of [
    [{ image: 'bm90aGluZw==' }, /image must be a JPEG, PNG or WebP picture/],
    [{}, /image or parameters is mandatory/],
  ] as const) {
    const response = await service.post('/v1/picture-parameters', body);
    assert.equal(response.statusCode, 400);
    assert.match(response.json().error, message);
  }
});

test('what cannot be taken over is told', async () => {
  const { warnings } = (
    await service.post('/v1/picture-parameters', { parameters: `${text}, Tiling: True, Hires upscale: 2` })
  ).json();
  assert.deepEqual(warnings, [
    'Tiling: "True" is without effect here',
    'Hires upscale: "2" is without effect here',
  ]);
});

test('a model that is served here is taken over, another is told', async () => {
  const of = (model: string) =>
    service.post('/v1/picture-parameters', { parameters: text.replace('sdxl-base', model) });
  const served = (await of('juggernaut')).json();
  assert.deepEqual([served.request.model, served.warnings], ['juggernaut', []]);
  const foreign = (await of('dreamshaper')).json();
  assert.deepEqual(
    [foreign.request.model, foreign.warnings],
    [undefined, ['Model: "dreamshaper" is not served here, the usual one is taken']],
  );
});

test('a text is read while no worker lives, and no model is said to be missing', async () => {
  await service.heartbeat(false);
  const app = await service.gateway({ noWorkerGraceSeconds: 0 });
  try {
    const response = await service.post('/v1/picture-parameters', { parameters: text }, {}, app);
    assert.equal(response.statusCode, 200, response.body);
    assert.deepEqual(response.json().warnings, []);
  } finally {
    await app.close();
    await service.heartbeat(true);
  }
});
