import assert from 'node:assert/strict';
import { test } from 'node:test';
import { unknownWords } from './unknown-words.ts';

const known = new Set(['a', 'red', 'circle', 'on', 'blue', 'é']);

test('words are compared in lower case, without punctuation, and told once in their order', () => {
  assert.deepEqual(unknownWords('A Cat, on a RED-circle! The cat...', known), ['cat', 'the']);
  assert.deepEqual(unknownWords('a red circle, on a blue circle.', known), []);
  assert.deepEqual(unknownWords('', known), []);
});

test('weights, brackets and BREAK are no words, what they hold is', () => {
  assert.deepEqual(unknownWords('((red:1.3)) [circle] BREAK (dog:0.8)', known), ['dog']);
});

test('numbers and words of other scripts are words', () => {
  assert.deepEqual(unknownWords('2 red circles, 猫 на circle 2', known), ['2', 'circles', '猫', 'на']);
  assert.deepEqual(unknownWords('e\u0301', known), []);
});
