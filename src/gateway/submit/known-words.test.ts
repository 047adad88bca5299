import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ServedKnownWords } from '../../contract/known-words.ts';
import { workerInfo } from '../../jobs/testing/worker-info.ts';
import { unknownWordWarnings, warningsFor } from './known-words.ts';

const known: ServedKnownWords = {
  name: 'the small checkpoint',
  note: 'it draws shapes',
  words: ['a', 'red', 'circle'],
  examples: ['a red circle'],
  model: 'small',
  serves: ['sdxl-base', 'juggernaut'],
};
const unlimited = { ...workerInfo, baseModels: ['juggernaut', 'real'] };
const worker = { ...unlimited, knownWords: [known] };
const asked = { prompt: 'a cat', negativePrompt: '' };

test('each field with unknown words is named, with the words and what the checkpoint does instead', () => {
  const described = { prompt: 'a cat on a red circle', negativePrompt: '(blurry:1.2)', style: 'anime' };
  assert.deepEqual(warningsFor(known, described), [
    'prompt: the small checkpoint has never seen "cat", "on"; it draws shapes',
    'negative_prompt: the small checkpoint has never seen "blurry"; it draws shapes',
    'style: the small checkpoint has never seen what "anime" adds to a prompt; it draws shapes',
  ]);
});

test('of many unknown words the first six are named and the others counted', () => {
  const prompt = Array.from({ length: 9 }, (_, index) => `word${'abcdefghi'[index]}`).join(' ');
  const [warning] = warningsFor(known, { prompt, negativePrompt: '' });
  assert.match(warning!, /"wordf" and 3 other words; it draws shapes$/);
  assert.match(
    warningsFor(known, { prompt: 'b c d e f g h', negativePrompt: '' })[0]!,
    /"g" and 1 other word;/,
  );
});

test('nothing is said of a prompt within its words', () => {
  assert.deepEqual(unknownWordWarnings(undefined, { ...asked, prompt: 'a RED circle!' }, [worker]), []);
});

test('it is said only where every worker that would run the request has the limited checkpoint', () => {
  assert.equal(unknownWordWarnings(undefined, asked, [worker]).length, 1);
  assert.equal(unknownWordWarnings(undefined, asked, [worker, worker]).length, 1);
  assert.deepEqual(unknownWordWarnings(undefined, asked, [worker, unlimited]), []);
  assert.deepEqual(unknownWordWarnings(undefined, asked, [unlimited]), []);
  assert.deepEqual(unknownWordWarnings(undefined, asked, []), []);
});

test('image to image goes by its base_model', () => {
  assert.equal(unknownWordWarnings('juggernaut', asked, [worker]).length, 1);
  assert.deepEqual(unknownWordWarnings('real', asked, [worker]), []);
});
