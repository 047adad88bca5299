import assert from 'node:assert/strict';
import { test } from 'node:test';
import { chunkPrompt, chunkPrompts } from './chunks.ts';
import { embeddingNames, embeddingsIn, type PromptEmbedding } from './embedding-names.ts';
import { loadTokenizer } from './tokenizer.ts';

const eight: PromptEmbedding = { name: 'easynegative', tokens: 8 };
const hands: PromptEmbedding = { name: 'negatives/bad-hands-5', tokens: 2 };
const long: PromptEmbedding = { name: 'Easy Negative v2', tokens: 60 };
const names = embeddingNames([eight, hands, long]);
const [first, second] = [await loadTokenizer({ pad: 'eos' }), await loadTokenizer({ pad: 0 })];
const chunks = (prompt: string, ceiling = 16) => chunkPrompt(prompt, first, ceiling, names);

test('a name is found as a whole word, in any case, the longest first, with or without its folder', () => {
  for (const [text, pieces] of [
    ['blurry, EasyNegative, low', ['blurry, ', eight, ', low']],
    ['bad-hands-5 negatives/BAD-hands-5', [hands, ' ', hands]],
    ['easy negative v2', [long]],
    ['easynegatives my-easynegative easynegative_2 éeasynegative 𝒙easynegative', undefined],
    ['<easynegative> and <bad-hands-5', [eight, ' and <', hands]],
    ['embedding:easynegative, Embedding:negatives/bad-hands-5', [eight, ', ', hands]],
    ['easynegative', [eight]],
    ['', []],
  ] as const)
    assert.deepEqual(names.split(text), pieces ?? [text]);
});

test('a name that two folders have is none without its folder', () => {
  const [one, two] = [
    { name: 'a/tok', tokens: 1 },
    { name: 'b/tok', tokens: 2 },
  ];
  const both = embeddingNames([one, two]);
  assert.deepEqual(both.split('tok b/tok'), ['tok ', two]);
  assert.deepEqual(embeddingNames([{ name: 'tok', tokens: 3 }, one]).split('tok'), [
    { name: 'tok', tokens: 3 },
  ]);
});

test('those of a prompt are each found once, through weights', () => {
  assert.deepEqual(embeddingsIn('(easynegative:1.2) [easynegative] BREAK bad-hands-5', names), [
    eight,
    hands,
  ]);
});

test('an embedding is as many tokens as it has vectors, with the weight of its brackets', () => {
  const [chunk, ...more] = chunks('a cat, (easynegative:1.3) dog');
  assert.equal(more.length, 0);
  assert.deepEqual(chunk!.embeddings, [{ name: 'easynegative', at: 4 }]);
  const [without] = chunkPrompt('a cat, dog', first);
  assert.deepEqual([...chunk!.ids.slice(0, 4)], [...without!.ids.slice(0, 4)]);
  assert.deepEqual([...chunk!.ids.slice(12)], [...without!.ids.slice(4, 69)]);
  const weights = Array.from({ length: 77 }, (_, at) => (at >= 4 && at < 12 ? Math.fround(1.3) : 1));
  assert.deepEqual([...chunk!.weights], weights);
});

test('an embedding is never cut: what the chunk has no room for begins the next one', () => {
  const [one, two] = chunks(`${'cat '.repeat(70)} easynegative dog`);
  assert.equal(one!.embeddings, undefined);
  assert.deepEqual([...one!.ids.slice(71)], Array(6).fill(49407));
  assert.deepEqual(two!.embeddings, [{ name: 'easynegative', at: 1 }]);
  const full = chunks(`${'cat '.repeat(67)} easynegative`);
  assert.equal(full.length, 1);
  assert.deepEqual(full[0]!.embeddings, [{ name: 'easynegative', at: 68 }]);
});

test('what follows the last comma of a full chunk moves with its embeddings', () => {
  const [one, two] = chunks(`${'cat '.repeat(60)}, bad-hands-5 easynegative ${'dog '.repeat(9)}`);
  assert.equal(one!.embeddings, undefined);
  assert.equal(one!.ids[62], 49407);
  assert.deepEqual(two!.embeddings, [
    { name: 'negatives/bad-hands-5', at: 1 },
    { name: 'easynegative', at: 3 },
  ]);
  assert.equal(two!.ids[1 + 2 + 8 + 9], 49407);
  const [kept, moved] = chunks(`easynegative ${'cat '.repeat(52)}, bad-hands-5 ${'dog '.repeat(14)}`);
  assert.deepEqual(kept!.embeddings, [{ name: 'easynegative', at: 1 }]);
  assert.deepEqual(moved!.embeddings, [{ name: 'negatives/bad-hands-5', at: 1 }]);
});

test('vectors count against the chunks that a prompt may have', () => {
  const two = 'easy negative v2 easy negative v2';
  assert.equal(chunks(two).length, 2);
  assert.throws(() => chunks(two, 1), /needs 2 chunks of 75 tokens, at most 1/);
  const byEncoder = chunkPrompts([two, 'cat'], [first, second], 2, names);
  assert.deepEqual(
    byEncoder.map((byPrompt) => byPrompt.map(({ length }) => length)),
    [
      [2, 2],
      [2, 2],
    ],
  );
});

test('thousands of embeddings do not make a long prompt slow', () => {
  const many = Array.from({ length: 4000 }, (_, index) => ({ name: `embedding number ${index}`, tokens: 1 }));
  const begun = performance.now();
  const pieces = embeddingNames(many).split('embedding number 3999 word '.repeat(1200));
  assert.equal(pieces.filter((piece) => typeof piece !== 'string').length, 1200);
  assert.ok(performance.now() - begun < 1000);
});
