import assert from 'node:assert/strict';
import { test } from 'node:test';
import { after, before } from '../../../testing/hooks.ts';
import { picture, startTestService, type TestService } from '../../testing/service.ts';

/** Embeddings that prompts name, and what is told of them. */

let service: TestService;
before(async () => {
  service = await startTestService({}, undefined, {
    baseModels: ['juggernaut'],
    embeddings: {
      usable: [
        { name: 'neg/EasyNegative', kind: 'textual inversion', trigger_words: [], tokens: 8, width: 2048 },
        { name: 'wide', kind: 'textual inversion', trigger_words: [], tokens: 70, width: 2048 },
      ],
      broken: [{ name: 'old', reason: 'old.pt: may hold a Python pickle' }],
    },
  });
});
after(() => service.close());

test('embeddings are found in both prompts by their names, and reach the worker with their tokens', async () => {
  const body = { prompt: 'a (easynegative:1.2) panda', negative_prompt: 'wide, neg/easynegative' };
  const answer = await service.post('/v1/sdxl-torch', body);
  assert.equal(answer.statusCode, 200);
  assert.equal(answer.headers['x-warnings'], undefined);
  assert.equal(service.lastTextToImage().prompt, body.prompt);
  assert.deepEqual(service.lastTextToImage().embeddings, [
    { name: 'neg/EasyNegative', tokens: 8 },
    { name: 'wide', tokens: 70 },
  ]);
  await service.post('/v1/sdxl-torch', { prompt: 'a panda, widely negative' });
  assert.equal(service.lastTextToImage().embeddings, undefined);
  const image = (await picture(96, 72)).toString('base64');
  await service.post('/v1/sdxl-img2img', { prompt: 'wide', image });
  assert.deepEqual(service.started.at(-1)!.embeddings, [{ name: 'wide', tokens: 70 }]);
  const other = await service.post('/sdapi/v1/txt2img', {
    prompt: 'a panda',
    negative_prompt: 'EASYNEGATIVE',
  });
  assert.equal(other.statusCode, 200, other.body.slice(0, 300));
  assert.deepEqual(service.lastTextToImage().embeddings, [{ name: 'neg/EasyNegative', tokens: 8 }]);
});

test('vectors are counted as tokens, and against the chunks that a prompt may have', async () => {
  const count = async (body: object) => (await service.post('/v1/tokenize', body)).json();
  const { prompt: tokens } = await count({ prompt: 'a wide panda', negative_prompt: 'easynegative' });
  assert.deepEqual(tokens, [72]);
  assert.deepEqual((await count({ prompt: 'wide easynegative' })).prompt, [70, 8]);
  const long = await service.post('/v1/sdxl-torch', { prompt: 'wide '.repeat(17) });
  assert.equal(long.statusCode, 400);
  assert.match(long.json().error, /^prompt: the prompt needs 17 chunks of 75 tokens/);
});

test('the name of a damaged embedding stays a word, and that is told', async () => {
  const answer = await service.post('/v1/sdxl-torch', { prompt: 'an old panda', base64: true });
  assert.equal(answer.statusCode, 200);
  assert.equal(service.lastTextToImage().embeddings, undefined);
  assert.deepEqual(answer.json().warnings, [
    'prompt: the embedding "old" cannot be used, so it is a word: old.pt: may hold a Python pickle',
  ]);
});

test('both lists of embeddings tell how many tokens each is', async () => {
  const { data, unusable } = (await service.get('/v1/embeddings')).json();
  assert.deepEqual(data[1], {
    ...{ name: 'wide', kind: 'textual inversion', trigger_words: [], tokens: 70, width: 2048 },
  });
  assert.deepEqual(unusable, [{ name: 'old', reason: 'old.pt: may hold a Python pickle' }]);
  const { loaded } = (await service.get('/sdapi/v1/embeddings')).json();
  assert.deepEqual(loaded['neg/EasyNegative'], {
    ...{ step: null, sd_checkpoint: null, sd_checkpoint_name: null, shape: 2048, vectors: 8 },
  });
});
