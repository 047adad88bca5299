import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import sharp from 'sharp';
import { createSignInToken } from '../../../jobs/keys/sign-in-tokens.ts';
import { after, before } from '../../../testing/hooks.ts';
import { picture, startTestService, type TestService } from '../../testing/service.ts';

const knownWords = [
  {
    name: 'the demo checkpoint',
    note: 'it draws shapes',
    words: ['a', 'red', 'circle'],
    examples: ['a red circle'],
    model: 'demo-base',
    serves: ['sdxl-base', 'juggernaut'],
  },
];
let service: TestService;
before(async () => {
  service = await startTestService({ authFailuresPerMinute: 5 }, undefined, { knownWords });
});
after(() => service.close());

describe('GET /v1/capabilities', () => {
  test('says what the workers serve, the fields with their ranges, the styles and the queue', async () => {
    const response = await service.get('/v1/capabilities');
    assert.equal(response.statusCode, 200, response.body);
    const body = response.json();
    assert.deepEqual(
      [body.authentication, body.refiner, body.base_models, body.waiting, body.workers, body.known_words],
      [true, true, ['juggernaut'], 0, [{ device: 'cpu', busy: false }], knownWords],
    );
    // wire-contract.md 2.1 and 2.2.
    const steps = { default: 25, minimum: 20, maximum: 100 };
    const { num_inference_steps, style } = body.fields['sdxl-torch'];
    assert.deepEqual({ ...num_inference_steps, ...steps }, num_inference_steps);
    assert.equal(style.default, 'base');
    assert.equal(body.fields['sdxl-img2img'].num_inference_steps.default, 30);
    assert.equal(body.fields['sdxl1.0-txt2img'].img_width.maximum, 2048);
    assert.equal(body.styles.length, 104);
    // docs/samplers.md: not with several evaluations in a step.
    const { 'sdxl-torch': cacheable } = body.cacheable_schedulers;
    assert.deepEqual([cacheable.includes('UniPC'), cacheable.includes('Heun')], [true, false]);
  });

  test('needs a key', async () => {
    assert.equal((await service.get('/v1/capabilities', 'SG_0000000000000000')).statusCode, 401);
  });
});

describe('POST /v1/tokenize', () => {
  const tokenize = async (body: object) => (await service.post('/v1/tokenize', body)).json();

  test('counts tokens in each chunk of 75, inside the style', async () => {
    // "a red circle" is three words of CLIP's vocabulary, each one token.
    const plain = await tokenize({ prompt: 'a red circle', negative_prompt: '' });
    assert.deepEqual(
      [plain.chunk_length, plain.prompt, plain.negative_prompt, plain.warnings],
      [75, [3], [0], []],
    );
    assert.deepEqual((await tokenize({ prompt: 'a red circle BREAK a red' })).prompt, [3, 2]);
    assert.deepEqual((await tokenize({ prompt: 'red '.repeat(80) })).prompt, [75, 5]);
    assert.ok((await tokenize({ prompt: 'a red circle', style: 'anime' })).prompt[0] > 20);
  });

  test('tells what the checkpoint behind the request has never seen', async () => {
    const { warnings } = await tokenize({ prompt: 'a cat', base_model: 'juggernaut' });
    assert.deepEqual(warnings, ['prompt: the demo checkpoint has never seen "cat"; it draws shapes']);
  });

  test('refuses what a submit would refuse, by field', async () => {
    const long = await service.post('/v1/tokenize', { negative_prompt: 'red '.repeat(75 * 16 + 1) });
    assert.equal(long.statusCode, 400);
    assert.match(long.json().error, /^negative_prompt: the prompt needs 17 chunks/);
    assert.match((await tokenize({ prompt: 7 })).error, /^Prompt is Mandatory and must be string, got 7/);
  });
});

describe('POST /v1/input-images', () => {
  test('gives the picture that image to image would begin with', async () => {
    const image = (await picture(200, 130)).toString('base64');
    const response = await service.post('/v1/input-images', { image });
    assert.equal(response.headers['content-type'], 'image/png');
    const { width, height, format } = await sharp(response.rawPayload).metadata();
    assert.deepEqual([width, height, format], [200, 128, 'png']);
    const fetched = await service.post('/v1/input-images', { image: 'https://pictures.example/a.jpg' });
    assert.equal((await sharp(fetched.rawPayload).metadata()).width, 96);
  });

  test('names the image and what is wrong with it', async () => {
    const response = await service.post('/v1/input-images', { image: 'AAAA' });
    assert.equal(response.statusCode, 400);
    assert.match(response.json().error, /^image: /);
    assert.equal((await service.post('/v1/input-images', {})).json().error, 'image is mandatory');
  });
});

describe('POST /v1/sign-in', () => {
  const redeem = (token: unknown) => service.post('/v1/sign-in', { token }, { 'x-api-key': '' });

  test('gives the key behind a one-time link, once', async () => {
    const token = await createSignInToken(service.producer.redis, service.key, 60);
    const first = await redeem(token);
    assert.deepEqual([first.statusCode, first.json()], [200, { key: service.key }]);
    assert.equal(first.headers['cache-control'], 'no-store');
    const second = await redeem(token);
    assert.deepEqual(
      [second.statusCode, second.json()],
      [401, { error: 'This link has been used or has expired' }],
    );
  });

  test('a wrong body is a 400, and guesses run into the limit of refusals', async () => {
    assert.equal((await redeem('')).statusCode, 400);
    assert.equal((await redeem(7)).statusCode, 400);
    const statuses = [];
    for (let guess = 0; guess < 8; guess++) statuses.push((await redeem(`guess${guess}`)).statusCode);
    assert.deepEqual(statuses.slice(-3), [429, 429, 429]);
  });
});

test('no log line shows a token, a prompt or a key', () => {
  const lines = service.log.join('\n');
  for (const secret of ['guess0', 'a red circle', service.key]) assert.equal(lines.includes(secret), false);
});
