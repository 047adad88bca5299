import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sentenceOf, warningsOfField } from './warnings.ts';

const said = [
  'prompt: has never seen "cat: a"; it draws',
  'negative_prompt: has never seen\n"dog"',
  'nothing of a field',
];

test('a warning is a sentence that begins with its field in words', () => {
  assert.deepEqual(said.map(sentenceOf), [
    'prompt: has never seen "cat: a"; it draws.',
    'negative prompt: has never seen\n"dog".',
    'nothing of a field',
  ]);
});

test('beside a field stands what is said of it, without its name and the rest', () => {
  assert.deepEqual(warningsOfField(said, 'prompt'), ['has never seen "cat: a".']);
  assert.deepEqual(warningsOfField(said, 'style'), []);
});
