import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { bosToken, eosToken, parseMerges, type Vocabulary } from './vocabulary.ts';

const mergesFile = path.join(import.meta.dirname, 'clip-vocabulary/merges.txt.gz');

/** CLIP's published vocabulary (49,408 tokens), for checkpoints that carry none. */
export async function shippedVocabulary(): Promise<Vocabulary> {
  const merges = parseMerges((await promisify(gunzip)(await readFile(mergesFile))).toString());
  const bytes = byteAlphabet();
  const tokens = [
    ...bytes,
    ...bytes.map((byte) => `${byte}</w>`),
    ...merges.map((pair) => pair.join('')),
    bosToken,
    eosToken,
  ];
  return {
    ids: Object.fromEntries(tokens.map((token, id) => [token, id])),
    merges,
    addedTokens: [],
    bosToken,
    eosToken,
    unkToken: eosToken,
    padToken: undefined,
  };
}

/**
 * A printable character for each byte, in the order of CLIP's first 256 ids: the printable bytes of Latin-1
 * as themselves, then those that are none as U+0100 and on (bytes_to_unicode of openai/CLIP's
 * simple_tokenizer.py).
 */
function byteAlphabet(): string[] {
  const all = Array.from({ length: 256 }, (_, byte) => byte);
  const printable = all.filter((byte) => (byte > 0x20 && byte < 0x7f) || (byte > 0xa0 && byte !== 0xad));
  const others = all.slice(0, 256 - printable.length).map((index) => 0x100 + index);
  return [...printable, ...others].map((code) => String.fromCodePoint(code));
}
