import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import { readSafetensorsHeader } from '../checkpoints/safetensors/safetensors.ts';
import { readTensorBytes } from '../checkpoints/safetensors/tensor-values.ts';
import { loadTokenizer } from '../text/tokenizer.ts';
import { knownWordsName, listKnownWords, readKnownWords } from './known-words.ts';

const root = path.resolve(import.meta.dirname, '../..');
const modelsDir = path.join(root, 'models/demo');
const demo = path.join(modelsDir, 'demo-base');
const folder = await mkdtemp(path.join(os.tmpdir(), 'known-words-'));
after(() => rm(folder, { recursive: true }));

/** Tokens whose row of the embedding is not zero: those the checkpoint was trained on. */
async function trainedTokens(encoder: string): Promise<Set<number>> {
  const file = path.join(demo, encoder, 'model.safetensors');
  const { tensors } = await readSafetensorsHeader(file);
  const embedding = [...tensors].find(([name]) => name.endsWith('token_embedding.weight'))![1];
  const bytes = await readTensorBytes(embedding);
  const rowBytes = bytes.length / embedding.shape[0]!;
  const isTrained = (row: number) =>
    bytes.subarray(row * rowBytes, (row + 1) * rowBytes).some((byte) => byte !== 0);
  return new Set(Array.from({ length: embedding.shape[0]! }, (_, row) => row).filter(isTrained));
}

test("the demo checkpoint's words are those its text encoders have learned, no fewer and no more", async () => {
  const { words, examples } = await readKnownWords(path.join(demo, knownWordsName));
  const tokenizer = await loadTokenizer({ pad: 'eos' });
  const tokens = new Set(words.flatMap((word) => tokenizer.encode(word)));
  // Captions have commas too, and every text begins, ends and is padded.
  const others = [...tokenizer.encode(','), tokenizer.bos, tokenizer.eos, 0];
  for (const encoder of ['text_encoder', 'text_encoder_2'])
    assert.deepEqual([...(await trainedTokens(encoder))].sort(), [...new Set([...tokens, ...others])].sort());
  for (const example of examples)
    assert.deepEqual(
      example.split(' ').filter((word) => !words.includes(word)),
      [],
      example,
    );
});

const python = spawnSync('python3', ['-c', 'import numpy']);
/** Lies beside weights that learned from others' drawings: their export wrote the words too. */
const isOfDrawings = existsSync(path.join(demo, 'ATTRIBUTION.txt'));
test("the words of a demo checkpoint of shapes are those of its training's captions", {
  skip: isOfDrawings
    ? 'the checkpoint is of drawn things, whose export writes the words with the weights'
    : python.status !== 0 && 'there is no Python with numpy on this machine',
}, async () => {
  const directory = path.join(root, 'scripts/maintainers/train-demo/shapes');
  const made = spawnSync('python3', ['-B', 'known_words.py'], { cwd: directory, encoding: 'utf8' });
  assert.equal(made.status, 0, made.stderr);
  assert.equal(await readFile(path.join(demo, knownWordsName), 'utf8'), made.stdout);
});

test('known words come with every name that their model is served under, and with those alone that are asked for', async () => {
  const names = ['sdxl-base', 'juggernaut', 'realvis', 'protovision', 'yamers_realistic'];
  const [known, ...rest] = await listKnownWords(modelsDir);
  assert.deepEqual([known!.model, known!.serves, rest.length], ['demo-base', names, 0]);
  assert.deepEqual((await listKnownWords(modelsDir, ['realvis', 'sdxl-refiner']))[0]!.serves, ['realvis']);
});

test('a file that is not of its form is refused by key', async () => {
  const good = { name: 'it', note: 'draws', words: ['a'], examples: ['a'] };
  const wrong: [object, RegExp][] = [
    [{ ...good, name: 1 }, /known-words\.json: name must be a text/],
    [{ ...good, note: undefined }, /known-words\.json: note must be a text/],
    [{ ...good, words: [] }, /known-words\.json: words must be an array of texts/],
    [{ ...good, words: ['Red'] }, /known-words\.json: words must be in lower case/],
    [{ ...good, examples: [1] }, /known-words\.json: examples must be an array of texts/],
  ];
  const file = path.join(folder, knownWordsName);
  for (const [json, message] of wrong) {
    await writeFile(file, JSON.stringify(json));
    await assert.rejects(readKnownWords(file), message);
  }
});
