import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { readEmbedding } from '../../checkpoints/embeddings/embedding-file.ts';
import { writeTinyCheckpoints } from '../../checkpoints/synthetic/tiny-checkpoint.ts';
import { loadModels } from '../../installation/load-models.ts';
import { after, before } from '../../testing/hooks.ts';
import type { Models } from '../models.ts';
import { RequestError } from '../request-error.ts';
import { assertMadeWith, floats, relativeError } from '../testing/oracle-runs.ts';
import { encodePrompts, type LoadedEmbedding } from './conditioning.ts';
import { createEmbeddingCache } from './embedding-cache.ts';

/**
 * Made by scripts/maintainers/make-oracles/embeddings.py with diffusers' load_textual_inversion and
 * encode_prompt.
 */
interface Oracle {
  sha256: Record<string, string>;
  cases: { prompt: string; clipSkip: number | null; hiddenStates: string; pooled: string }[];
}

const oracle: Oracle = JSON.parse(
  gunzipSync(readFileSync(path.join(import.meta.dirname, 'oracles/embeddings.json.gz'))).toString(),
);
const files = path.join(import.meta.dirname, '../../checkpoints/embeddings/oracles');
const directory = mkdtempSync(path.join(tmpdir(), 'embeddings-'));
let models: Models;
let refiner: Models;
let loadedEmbeddings: LoadedEmbedding[];

before(async () => {
  const directories = await writeTinyCheckpoints(directory);
  models = await loadModels(directories.base, { device: 'cpu' });
  refiner = await loadModels(directories.refiner, { device: 'cpu' });
  loadedEmbeddings = await Promise.all(
    ['pair', 'single'].map(async (name) => ({
      name,
      ...(await readEmbedding(path.join(files, `${name}.safetensors`))),
    })),
  );
});
after(() => rmSync(directory, { recursive: true }));

const encode = (prompt: string, more: Partial<Parameters<typeof encodePrompts>[1]> = {}, of = models) =>
  encodePrompts(of, {
    ...{ prompt, negativePrompt: '', guided: false, emphasis: 'no-norm', maxChunks: 16 },
    cache: createEmbeddingCache(2 ** 24),
    loadedEmbeddings,
    ...more,
  });

function assertClose(actual: Float32Array, packed: string): void {
  const error = relativeError(actual, floats(packed));
  assert.ok(error < 1e-5, `differs by ${error} of the largest value`);
}

test('the oracle was made with the checkpoint of this tree', () => assertMadeWith(oracle.sha256, directory));

for (const { prompt, clipSkip, hiddenStates, pooled } of oracle.cases)
  test(`"${prompt}" with clip_skip ${clipSkip} is encoded as diffusers does`, async () => {
    const { positive } = await encode(prompt, { clipSkip: clipSkip ?? undefined });
    assertClose(positive.hiddenStates, hiddenStates);
    assertClose(positive.pooled, pooled);
  });

test('an embedding in the negative prompt and with a weight is multiplied as words are', async () => {
  const { positive } = await encode('a (pair:1.5)');
  const { positive: plain, negative } = await encode('a pair', {
    negativePrompt: 'a (pair:1.5)',
    guided: true,
  });
  assert.deepEqual(negative, positive);
  const width = models.unet.crossAttentionWidth;
  for (const [token, factor] of [
    [1, 1],
    [2, 1.5],
    [3, 1.5],
    [4, 1],
  ] as const)
    for (let at = token * width; at < (token + 1) * width; at++)
      assert.equal(positive.hiddenStates[at], Math.fround(plain.hiddenStates[at]! * factor));
  assert.deepEqual(positive.pooled, plain.pooled);
});

test('what is remembered of a prompt is not taken for other vectors of the same name, nor other layers', async () => {
  const cache = createEmbeddingCache(2 ** 24);
  const [pair] = loadedEmbeddings;
  const other = {
    ...pair!,
    sha256: 'another',
    vectors: { clip_l: pair!.vectors.clip_l.map((value) => -value), clip_g: pair!.vectors.clip_g },
  };
  const one = await encode('pair', { cache });
  const two = await encode('pair', { cache, loadedEmbeddings: [other] });
  const word = await encode('pair', { cache, loadedEmbeddings: [] });
  const skipped = await encode('pair', { cache, clipSkip: 1 });
  const states = [one, two, word, skipped].map(({ positive }) => positive.hiddenStates.join());
  assert.equal(new Set(states).size, 4);
  assert.deepEqual(await encode('pair', { cache }), one);
});

test('a refiner takes the vectors of its one encoder', async () => {
  const { positive } = await encode('single', {}, refiner);
  const { positive: word } = await encode('single', { loadedEmbeddings: [] }, refiner);
  assert.notDeepEqual(positive.hiddenStates, word.hiddenStates);
});

test('vectors of another width and more layers than there are are refused with both numbers', async () => {
  const vectors = { clip_l: new Float32Array(768), clip_g: new Float32Array(1280) };
  const wide: LoadedEmbedding = { name: 'pair', tokens: 1, vectors, sha256: '' };
  await assert.rejects(
    encode('pair', { loadedEmbeddings: [wide] }),
    (error: Error) =>
      error instanceof RequestError &&
      error.message === 'the embedding "pair" has vectors of 768 numbers in clip_l, tiny-base takes 12',
  );
  await assert.rejects(
    encode('a fox', { clipSkip: 3 }),
    (error: Error) =>
      error instanceof RequestError &&
      error.message === 'clip_skip must be at most 2 for text encoder 1 of tiny-base, got 3',
  );
});
