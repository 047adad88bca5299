import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadLibrary } from './library.ts';

// In this order: the library is loaded once.

test('a folder without the library is refused by the file that is missing', () => {
  assert.throws(() => loadLibrary('/nowhere'), /nowhere.(lib)?onnxruntime/);
});

test('the library is loaded once, and stays the one that it is', () => {
  const library = loadLibrary();
  assert.equal(loadLibrary('/nowhere'), library);
});
