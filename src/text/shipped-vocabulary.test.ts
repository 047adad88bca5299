import assert from 'node:assert/strict';
import { test } from 'node:test';
import { shippedVocabulary } from './shipped-vocabulary.ts';

test('the shipped vocabulary has the ids that vocab.json of openai/clip-vit-large-patch14 lists', async () => {
  const { ids, merges } = await shippedVocabulary();
  assert.equal(Object.keys(ids).length, 49_408);
  assert.equal(merges.length, 48_894);
  const known = { '!': 0, 'a</w>': 320, 'photo</w>': 1125, 'cat</w>': 2368 };
  for (const [token, id] of Object.entries({ ...known, '<|startoftext|>': 49_406, '<|endoftext|>': 49_407 }))
    assert.equal(ids[token], id, token);
});
