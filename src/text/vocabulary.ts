import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import path from 'node:path';

/** What a byte-pair tokenizer is made of: token -> id, and the merges in order of rank. */
export interface Vocabulary {
  readonly ids: Readonly<Record<string, number>>;
  readonly merges: readonly (readonly [string, string])[];
  /**
   * Tokens that are cut out of the raw text before anything else, beside the begin, end, unknown and pad
   * tokens.
   */
  readonly addedTokens: readonly string[];
  readonly bosToken: string;
  readonly eosToken: string;
  readonly unkToken: string;
  /** Undefined where the checkpoint names none. */
  readonly padToken: string | undefined;
}

/** CLIP's own names. */
export const bosToken = '<|startoftext|>';
export const eosToken = '<|endoftext|>';

/**
 * A checkpoint's own `tokenizer/` or `tokenizer_2/` folder: vocab.json with merges.txt, or tokenizer.json;
 * special tokens from tokenizer_config.json, then special_tokens_map.json, then CLIP's names.
 * @throws Error naming the file that is missing or not in its published form.
 */
export async function readVocabulary(directory: string): Promise<Vocabulary> {
  const [vocab, merges, tokenizer, config, map, added] = await Promise.all([
    readJson(directory, 'vocab.json'),
    readText(directory, 'merges.txt'),
    readJson(directory, 'tokenizer.json'),
    readJson(directory, 'tokenizer_config.json'),
    readJson(directory, 'special_tokens_map.json'),
    readJson(directory, 'added_tokens.json'),
  ]);
  const special = (name: string) => tokenText(config?.[name]) ?? tokenText(map?.[name]);
  const tables =
    vocab !== undefined && merges !== undefined
      ? { ids: vocab as Record<string, number>, merges: parseMerges(merges) }
      : tablesOf(directory, tokenizer);
  const listed = [
    ...addedTokensOf(tokenizer?.added_tokens),
    ...addedTokensOf(config?.added_tokens_decoder),
    ...Object.entries((added ?? {}) as Record<string, number>),
  ];
  return {
    ids: { ...tables.ids, ...Object.fromEntries(listed) },
    merges: tables.merges,
    addedTokens: listed.map(([content]) => content),
    bosToken: special('bos_token') ?? bosToken,
    eosToken: special('eos_token') ?? eosToken,
    unkToken: special('unk_token') ?? special('eos_token') ?? eosToken,
    padToken: special('pad_token'),
  };
}

type JsonObject = Record<string, unknown>;

/** Never waits: a pipe without a writer would hold a plain open for ever. */
async function readText(directory: string, name: string): Promise<string | undefined> {
  const file = path.join(directory, name);
  try {
    await using handle = await open(file, constants.O_RDONLY | constants.O_NONBLOCK);
    if (!(await handle.stat()).isFile()) throw new Error(`${file}: not a regular file`);
    return await handle.readFile('utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

async function readJson(directory: string, name: string): Promise<JsonObject | undefined> {
  const text = await readText(directory, name);
  if (text === undefined) return undefined;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new Error(`${path.join(directory, name)}: not JSON (${(error as Error).message})`);
  }
  if (!isObject(value)) throw new Error(`${path.join(directory, name)}: expected a JSON object`);
  return value;
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A special token is written either as its text or as an object with the text under `content`. */
function tokenText(value: unknown): string | undefined {
  if (typeof value === 'string') return value;
  return isObject(value) && typeof value.content === 'string' ? value.content : undefined;
}

/** tokenizer.json lists added tokens with their ids; tokenizer_config.json keys them by id. */
function addedTokensOf(value: unknown): [string, number][] {
  const entries: [unknown, unknown][] = Array.isArray(value)
    ? value.map((token) => [isObject(token) ? token.id : undefined, token])
    : Object.entries(isObject(value) ? value : {});
  return entries.flatMap(([id, token]) => {
    const content = tokenText(token);
    return content === undefined ? [] : [[content, Number(id)] as [string, number]];
  });
}

/** merges.txt: a `#version` line, then one pair per line. */
export function parseMerges(text: string): [string, string][] {
  return text
    .split('\n')
    .filter((line, index) => line.trim() !== '' && !(index === 0 && line.startsWith('#version')))
    .map(mergePair);
}

function mergePair(merge: unknown): [string, string] {
  const pair = typeof merge === 'string' ? merge.trimEnd().split(' ') : merge;
  if (!Array.isArray(pair) || pair.length !== 2) throw new Error(`not a pair of tokens: ${String(merge)}`);
  return pair as [string, string];
}

function tablesOf(directory: string, tokenizer: JsonObject | undefined): Pick<Vocabulary, 'ids' | 'merges'> {
  const model = tokenizer?.model;
  if (!isObject(model)) {
    throw new Error(`${directory}: needs vocab.json with merges.txt, or tokenizer.json`);
  }
  if (!isObject(model.vocab) || !Array.isArray(model.merges)) {
    throw new Error(`${path.join(directory, 'tokenizer.json')}: model has no BPE vocab and merges`);
  }
  return { ids: model.vocab as Record<string, number>, merges: model.merges.map(mergePair) };
}
