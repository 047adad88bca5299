import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { after, before } from '../testing/hooks.ts';
import tokens from './oracles/tokens.json' with { type: 'json' };
import divergent from './oracles/tokens-divergent.json' with { type: 'json' };
import { type ClipTokenizer, loadTokenizer } from './tokenizer.ts';

interface TokenCase {
  text: string;
  ids: number[];
  /** Only where it differs from `ids`. */
  idsWithPad0?: number[];
}

let first: ClipTokenizer;
let second: ClipTokenizer;
const folders: string[] = [];

before(async () => {
  first = await loadTokenizer({ pad: 'eos' });
  second = await loadTokenizer({ pad: 0 });
});

after(async () => {
  for (const folder of folders) await rm(folder, { recursive: true });
});

async function folderWith(files: Record<string, unknown>): Promise<string> {
  const folder = await mkdtemp(path.join(tmpdir(), 'tokenizer-'));
  folders.push(folder);
  for (const [name, content] of Object.entries(files)) {
    await writeFile(path.join(folder, name), typeof content === 'string' ? content : JSON.stringify(content));
  }
  return folder;
}

const smallVocabulary = {
  '!': 0,
  c: 1,
  a: 2,
  't</w>': 3,
  ca: 4,
  'cat</w>': 5,
  'c</w>': 6,
  'a</w>': 7,
  t: 8,
  '<|startoftext|>': 9,
  '<|endoftext|>': 10,
};
const smallMerges = '#version: 0.2\nc a\nca t</w>\n';

test(`token ids are those of transformers ${tokens.versions.transformers} on ${tokens.cases.length} texts, for both encoders`, () => {
  assert.ok(tokens.cases.length >= 500);
  for (const { text, ids, idsWithPad0 } of tokens.cases as TokenCase[]) {
    assert.deepEqual(first.encode(text), ids, JSON.stringify(text));
    assert.deepEqual(second.encode(text), idsWithPad0 ?? ids, `second encoder: ${JSON.stringify(text)}`);
  }
});

test('known divergence: characters newer than the Unicode tables of the Rust libraries get other ids', () => {
  for (const { text, ids } of divergent.cases) assert.notDeepEqual(first.encode(text), ids);
});

test('the first encoder pads with its end token, the second with 0', () => {
  assert.deepEqual([first.bos, first.eos, first.pad], [49406, 49407, 49407]);
  assert.deepEqual([second.bos, second.eos, second.pad], [49406, 49407, 0]);
});

test('an exclamation mark is the pad token of the second encoder and nothing else, as in transformers', () => {
  assert.deepEqual(first.encode('wow!!!'), [2781, 995]);
  assert.deepEqual(second.encode('wow!!!'), [2781, 0, 0, 0]);
});

test('a capital sigma at the end of a word becomes the same token as inside it, as in transformers', () => {
  assert.deepEqual(first.encode('ΣΑΣ'), first.encode('σασ'));
  assert.notDeepEqual(first.encode('ΣΑΣ'), first.encode('σας'));
});

test('an end token counts only as it is written: in capitals it is ordinary text', () => {
  assert.deepEqual(first.encode('<|endoftext|>'), [49407]);
  assert.deepEqual(first.encode('<|ENDOFTEXT|>'), [27, 347, 40786, 4160, 91, 285]);
});

test('half of a surrogate pair is read as the replacement character', () => {
  assert.deepEqual(first.encode('a\ud800b'), first.encode('a\ufffdb'));
});

test('ids have readable texts', () => {
  assert.deepEqual(first.encode('low light').map(first.tokenText), ['low</w>', 'light</w>']);
  assert.equal(first.tokenText(10 ** 6), '<1000000>');
});

test("a checkpoint's own vocab.json and merges.txt win over the shipped vocabulary", async () => {
  const directory = await folderWith({ 'vocab.json': smallVocabulary, 'merges.txt': smallMerges });
  const tokenizer = await loadTokenizer({ directory, pad: 'eos' });
  assert.deepEqual([tokenizer.bos, tokenizer.eos, tokenizer.pad], [9, 10, 10]);
  assert.deepEqual(tokenizer.encode('Cat ca'), [5, 1, 7]);
  assert.deepEqual(tokenizer.encode('zebra<|endoftext|>'), [10, 10, 10, 10, 7, 10]);
});

test("a checkpoint's tokenizer.json is read where the two older files are missing", async () => {
  for (const merges of [
    ['c a', 'ca t</w>'],
    [
      ['c', 'a'],
      ['ca', 't</w>'],
    ],
  ]) {
    const directory = await folderWith({
      'tokenizer.json': {
        model: { type: 'BPE', vocab: smallVocabulary, merges },
        added_tokens: [{ id: 11, content: '<subject>', special: true }],
      },
    });
    const tokenizer = await loadTokenizer({ directory, pad: 'eos' });
    assert.deepEqual(tokenizer.encode('cat <subject>cat'), [5, 11, 5]);
  }
});

test('folders with the same vocabulary have one tokenizer, any other pad or token has its own', async () => {
  const files = { 'vocab.json': smallVocabulary, 'merges.txt': smallMerges };
  const load = async (more: Record<string, unknown>, pad: 'eos' | number) =>
    loadTokenizer({ directory: await folderWith({ ...files, ...more }), pad });
  const one = await load({}, 'eos');
  assert.equal(await load({}, 'eos'), one);
  const others = [
    await load({}, 0),
    await load({ 'added_tokens.json': { '<Subject>': 11 } }, 'eos'),
    await load({ 'merges.txt': '#version: 0.2\nc a\n' }, 'eos'),
  ];
  assert.equal(new Set([one, ...others]).size, 4);
  assert.deepEqual(one.encode('cat'), [5]);
  assert.deepEqual(others[2]!.encode('cat'), [4, 3]);
});

test('the pad token that a checkpoint names wins over the expected one, in both ways of writing it', async () => {
  const files = { 'vocab.json': smallVocabulary, 'merges.txt': smallMerges };
  for (const named of [
    { 'tokenizer_config.json': { pad_token: '!' } },
    { 'special_tokens_map.json': { pad_token: { content: '!', normalized: false } } },
    { 'tokenizer_config.json': { pad_token: '!' }, 'special_tokens_map.json': { pad_token: 'c' } },
  ]) {
    const directory = await folderWith({ ...files, ...named });
    assert.equal((await loadTokenizer({ directory, pad: 'eos' })).pad, 0);
  }
});

test('tokens added to a checkpoint are cut out of the text before anything else', async () => {
  const files = { 'vocab.json': smallVocabulary, 'merges.txt': smallMerges };
  for (const added of [
    { 'added_tokens.json': { '<Subject>': 11 } },
    { 'tokenizer_config.json': { added_tokens_decoder: { 11: { content: '<Subject>', special: true } } } },
  ]) {
    const directory = await folderWith({ ...files, ...added });
    const tokenizer = await loadTokenizer({ directory, pad: 'eos' });
    assert.deepEqual(tokenizer.encode('cat<Subject>'), [5, 11]);
  }
});

test('a pipe under the name of a vocabulary is refused and does not hold the load', async () => {
  const folder = await folderWith({});
  execFileSync('mkfifo', [path.join(folder, 'vocab.json')]);
  await assert.rejects(loadTokenizer({ directory: folder, pad: 'eos' }), /vocab\.json: not a regular file/);
});

test('a folder without a vocabulary, with broken JSON or without a named token is refused by name', async () => {
  const empty = await folderWith({});
  await assert.rejects(loadTokenizer({ directory: empty, pad: 'eos' }), {
    message: `${empty}: needs vocab.json with merges.txt, or tokenizer.json`,
  });
  const broken = await folderWith({ 'vocab.json': '{', 'merges.txt': smallMerges });
  await assert.rejects(loadTokenizer({ directory: broken, pad: 'eos' }), /vocab\.json: not JSON/);
  const wordPiece = await folderWith({ 'tokenizer.json': { model: { type: 'WordPiece', vocab: {} } } });
  await assert.rejects(
    loadTokenizer({ directory: wordPiece, pad: 'eos' }),
    /tokenizer\.json: model has no BPE/,
  );
  const nameless = await folderWith({ 'vocab.json': { a: 0 }, 'merges.txt': '' });
  await assert.rejects(
    loadTokenizer({ directory: nameless, pad: 'eos' }),
    /token '<\|startoftext\|>' is not in/,
  );
  await assert.rejects(loadTokenizer({ pad: 49408 }), /pad id 49408 is not in the vocabulary/);
});
