import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { startTestService } from '../../testing/service.ts';

const knownWords = [
  {
    name: 'the demo checkpoint',
    note: 'it draws shapes',
    words: ['a', 'red', 'circle', 'slow'],
    examples: ['a red circle'],
    model: 'demo-base',
    serves: ['sdxl-base', 'juggernaut'],
  },
];
const service = await startTestService({}, undefined, { knownWords });
after(() => service.close());
const { post, get, submitted, ended } = service;

const warning = 'prompt: the demo checkpoint has never seen "cat"; it draws shapes';

test('v1 says in a header beside the picture that the checkpoint does not know a word', async () => {
  const response = await post('/v1/sdxl-torch', { prompt: 'a cat' });
  assert.equal(response.headers['content-type'], 'image/jpeg');
  assert.deepEqual(JSON.parse(String(response.headers['x-warnings'])), [warning]);
});

test('v1 with base64 says it in the JSON, and in the header too', async () => {
  const response = await post('/v1/sdxl-torch', { prompt: 'a cat', base64: true });
  assert.deepEqual(response.json().warnings, [warning]);
  assert.deepEqual(JSON.parse(String(response.headers['x-warnings'])), [warning]);
});

test('the v2 result says it', async () => {
  const id = await submitted({ prompt: 'a cat' });
  await ended(id);
  assert.deepEqual((await get(`/v2/requests/${id}`)).json().warnings, [warning]);
  assert.deepEqual((await get(`/v1/requests/${id}`)).json().warnings, [warning]);
});

test("OpenAI's answers have it in the header, their body is as OpenAI's", async () => {
  const response = await post('/v1/images/generations', { prompt: 'a cat' });
  assert.equal(response.statusCode, 200, response.body);
  assert.deepEqual(JSON.parse(String(response.headers['x-warnings'])), [warning]);
  assert.equal('warnings' in response.json(), false);
});

test('where every word is known there is neither', async () => {
  const response = await post('/v1/sdxl-torch', { prompt: 'a (red:1.2) circle', base64: true });
  assert.equal('x-warnings' in response.headers, false);
  assert.equal('warnings' in response.json(), false);
});

test("another service's field names and a scheduler that only the nearest can stand for are told everywhere", async () => {
  const body = { prompt: 'a red circle', steps: 30, width: 512, scheduler: 'dpmmp_sde_ancestral' };
  const expected = [
    'scheduler: "dpmmp_sde_ancestral" is not known here; the nearest, "DPM2 a Karras", was taken',
    'steps: 30 is without effect; the field is called num_inference_steps',
    'width: 512 is without effect; the field is called img_width',
  ];
  const picture = await post('/v1/sdxl-torch', body);
  assert.deepEqual(JSON.parse(String(picture.headers['x-warnings'])), expected);
  assert.deepEqual((await post('/v1/sdxl-torch', { ...body, base64: true })).json().warnings, expected);
  const id = await submitted(body);
  await ended(id);
  assert.deepEqual((await get(`/v2/requests/${id}`)).json().warnings, expected);
});

test('a form is told of its fields like JSON', async () => {
  const part = (name: string, value: string) =>
    `--x\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`;
  const form = `${part('prompt', 'a red circle')}${part('negativePrompt', 'red')}--x--\r\n`;
  const response = await post('/v1/sdxl-torch', form, { 'content-type': 'multipart/form-data; boundary=x' });
  assert.deepEqual(JSON.parse(String(response.headers['x-warnings'])), [
    'negativePrompt: "red" is without effect; the field is called negative_prompt',
  ]);
});

test("OpenAI's clients are told in its words", async () => {
  const response = await post('/v1/images/generations', {
    prompt: 'a red circle',
    num_images: 2,
    width: 512,
  });
  assert.deepEqual(JSON.parse(String(response.headers['x-warnings'])), [
    'num_images: 2 is without effect; the field is called n',
    'width: 512 is without effect; the field is called size',
  ]);
});
