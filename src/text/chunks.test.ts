import assert from 'node:assert/strict';
import { test } from 'node:test';
import { before } from '../testing/hooks.ts';
import { chunkPrompt, chunkPrompts, emptyChunk, PromptError, withChunkCount } from './chunks.ts';
import chunks from './oracles/chunks.json' with { type: 'json' };
import seeds from './oracles/seed-prompts.json' with { type: 'json' };
import { type ClipTokenizer, loadTokenizer } from './tokenizer.ts';

let encoders: [ClipTokenizer, ClipTokenizer];

before(async () => {
  encoders = [await loadTokenizer({ pad: 'eos' }), await loadTokenizer({ pad: 0 })];
});

function unrolled(runs: readonly (readonly number[])[]): number[] {
  return runs.flatMap(([value, count]) => Array<number>(count!).fill(value!));
}

function assertLikeOracle(prompt: string, expected: { ids: number[][]; weights: number[][] }[][]) {
  encoders.forEach((tokenizer, index) => {
    const actual = chunkPrompt(prompt, tokenizer).map(({ ids, weights }) => ({ ids, weights }));
    const wanted = expected[index]!.map(({ ids, weights }) => ({
      ids: Int32Array.from(unrolled(ids)),
      weights: Float32Array.from(unrolled(weights)),
    }));
    assert.deepEqual(actual, wanted, `encoder ${index + 1}: ${prompt}`);
  });
}

for (const { prompt, encoders: expected } of seeds.cases) {
  test(`the published example prompt becomes the chunks A1111 makes of it: ${prompt.slice(0, 40)}...`, () => {
    assertLikeOracle(prompt, expected);
    assert.ok(expected[0]!.length > 1, 'more than one chunk');
  });
}

test(`${chunks.cases.length} prompts around and beyond one chunk become the chunks A1111 makes of them`, () => {
  for (const { prompt, encoders: expected } of chunks.cases) assertLikeOracle(prompt, expected);
});

test('what follows a comma at most 20 tokens back moves to the next chunk, beyond that it is cut', () => {
  const moved = chunkPrompt(`${'cat '.repeat(55)}, ${'dog '.repeat(20)}`, encoders[0]);
  assert.equal(moved[0]!.ids.indexOf(49407), 1 + 56);
  assert.deepEqual([...moved[1]!.ids.subarray(0, 22)], [49406, ...Array(20).fill(1929), 49407]);
  const cut = chunkPrompt(`${'cat '.repeat(54)}, ${'dog '.repeat(21)}`, encoders[0]);
  assert.equal(cut[0]!.ids.indexOf(49407), 76);
});

test('a prompt over the ceiling is refused with the number of chunks it needs, never cut', () => {
  assert.equal(chunkPrompt('cat '.repeat(75 * 16), encoders[0]).length, 16);
  assert.throws(
    () => chunkPrompt('cat '.repeat(75 * 16 + 1), encoders[0]),
    new PromptError('the prompt needs 17 chunks of 75 tokens, at most 16 are allowed'),
  );
  assert.throws(() => chunkPrompt('a BREAK b BREAK c', encoders[0], 2), /needs 3 chunks .* at most 2/);
});

test('a weight beyond 32-bit floats is refused by its text', () => {
  assert.throws(() => chunkPrompt(`(cat:1${'0'.repeat(39)})`, encoders[0]), {
    name: 'PromptError',
    message: "the weight of 'cat' is 1e+39, too large for a 32-bit float",
  });
});

test('BREAK inside brackets starts a chunk and keeps the weight on both sides', () => {
  const [one, two, ...rest] = chunkPrompt('(cat BREAK dog:1.5)', encoders[0]);
  assert.equal(rest.length, 0);
  assert.deepEqual([one!.ids[1], one!.weights[1], one!.weights[2]], [2368, 1.5, 1]);
  assert.deepEqual([two!.ids[1], two!.weights[1], two!.weights[2]], [1929, 1.5, 1]);
});

test('the empty prompt is begin, end and padding for each encoder', () => {
  assert.deepEqual([...emptyChunk(encoders[0]).ids], [49406, ...Array(76).fill(49407)]);
  assert.deepEqual([...emptyChunk(encoders[1]).ids], [49406, 49407, ...Array(75).fill(0)]);
  assert.deepEqual(chunkPrompt('', encoders[1]), [emptyChunk(encoders[1])]);
});

test('positive and negative prompts get the same number of chunks for both encoders', () => {
  // To the second encoder 40 exclamation marks are 40 tokens, to the first they are 3.
  const positive = `${'cat '.repeat(60)}${'!'.repeat(40)}`;
  const byEncoder = chunkPrompts([positive, 'blurry'], encoders);
  assert.equal(chunkPrompt(positive, encoders[0]).length, 1);
  assert.deepEqual(
    byEncoder.map((byPrompt) => byPrompt.map((prompt) => prompt.length)),
    [
      [2, 2],
      [2, 2],
    ],
  );
  assert.deepEqual(byEncoder[0]![0]![1], emptyChunk(encoders[0]));
  assert.deepEqual(byEncoder[1]![1]![1], emptyChunk(encoders[1]));
  assert.deepEqual(byEncoder[1]![0], chunkPrompt(positive, encoders[1]));
  assert.deepEqual(withChunkCount(byEncoder[1]![0]!, 1, encoders[1]), byEncoder[1]![0]);
});
