import { createHash } from 'node:crypto';
import { Tokenizer } from '@huggingface/tokenizers';
import { shippedVocabulary } from './shipped-vocabulary.ts';
import { readVocabulary, type Vocabulary } from './vocabulary.ts';

/** CLIP's byte-pair tokenizer for one text encoder. */
export interface ClipTokenizer {
  /** Content token ids of any string: no begin or end token, no padding, no truncation. */
  encode(text: string): number[];
  /** The token's text, for people; `</w>` marks the end of a word, bytes are in CLIP's printable alphabet. */
  tokenText(id: number): string;
  readonly bos: number;
  readonly eos: number;
  /** What follows the first end token of a chunk. */
  readonly pad: number;
}

export interface TokenizerOptions {
  /** A checkpoint's `tokenizer/` or `tokenizer_2/` folder. Without it the shipped CLIP vocabulary is used. */
  readonly directory?: string;
  /**
   * Padding where the folder names none: SDXL's first encoder pads with its end token, the second with 0
   * (`!`).
   */
  readonly pad: 'eos' | number;
}

/**
 * The ids are those of transformers' CLIPTokenizer with the same files. That includes its treatment of the
 * pad token as a special token: where `!` pads (SDXL's second encoder), every `!` of a prompt becomes the pad
 * id and stands alone.
 * @throws Error naming the file or token that is missing.
 */
export async function loadTokenizer(options: TokenizerOptions): Promise<ClipTokenizer> {
  const vocabulary =
    options.directory === undefined ? await shippedVocabulary() : await readVocabulary(options.directory);
  const key = createHash('sha256')
    .update(JSON.stringify([vocabulary, options.pad]))
    .digest('hex');
  const known = built.get(key)?.deref();
  if (known !== undefined) return known;
  const tokenizer = build(vocabulary, options);
  built.set(key, new WeakRef(tokenizer));
  return tokenizer;
}

/**
 * Those in use, by what they are made of: one of CLIP's vocabulary keeps 18 MB of V8's heap, all of which is
 * marked whenever garbage is collected, and nearly all text encoders have the same.
 */
const built = new Map<string, WeakRef<ClipTokenizer>>();

function build(vocabulary: Vocabulary, options: TokenizerOptions): ClipTokenizer {
  const idOf = (token: string): number => {
    const id = vocabulary.ids[token];
    if (id === undefined) {
      throw new Error(`token '${token}' is not in the vocabulary of ${options.directory ?? 'CLIP'}`);
    }
    return id;
  };
  const bos = idOf(vocabulary.bosToken);
  const eos = idOf(vocabulary.eosToken);
  const pad =
    vocabulary.padToken !== undefined ? idOf(vocabulary.padToken) : options.pad === 'eos' ? eos : options.pad;
  const texts = new Map(Object.entries(vocabulary.ids).map(([text, id]) => [id, text]));
  const padText = texts.get(pad);
  if (padText === undefined) throw new Error(`pad id ${pad} is not in the vocabulary`);
  const specialTokens = [
    ...new Set([
      vocabulary.bosToken,
      vocabulary.eosToken,
      vocabulary.unkToken,
      padText,
      ...vocabulary.addedTokens,
    ]),
  ];
  const likeTransformers = transformersReading(specialTokens);
  const tokenizer = new Tokenizer(clipTokenizerJson(vocabulary, specialTokens), {});
  return {
    encode: (text) => tokenizer.encode(likeTransformers(text), { add_special_tokens: false }).ids,
    tokenText: (id) => texts.get(id) ?? `<${id}>`,
    bos,
    eos,
    pad,
  };
}

/**
 * Changes a text so that @huggingface/tokenizers 0.2.0 reads it as the Rust library under transformers reads
 * the original:
 * - lower case of a capital sigma at the end of a word is ς in JavaScript; Rust goes character by character
 *   and gives σ;
 * - a stretch between special tokens that becomes one only in lower case (<|ENDOFTEXT|>) would be taken for
 *   it; a space
 *   at the end of every stretch prevents that and yields no token;
 * - Rust's strings hold no lone surrogates.
 */
function transformersReading(specialTokens: readonly string[]): (text: string) => string {
  const longestFirst = specialTokens.toSorted((a, b) => b.length - a.length);
  const pattern = new RegExp(longestFirst.map((token) => RegExp.escape(token)).join('|'), 'g');
  return (text) => `${text.toWellFormed().replaceAll('Σ', 'σ').replace(pattern, ' $&')} `;
}

const wordPattern =
  "<\\|startoftext\\|>|<\\|endoftext\\|>|'s|'t|'re|'ve|'m|'ll|'d|[\\p{L}]+|[\\p{N}]|[^\\s\\p{L}\\p{N}]+";
/**
 * The Rust byte-level step splits with this pattern by itself. The library's own version of it takes U+FEFF
 * for white space, as JavaScript does; written as a split it is translated to Unicode's White_Space.
 */
const byteLevelPattern = "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+";

/**
 * The pipeline that transformers 5.23.0 builds in models/clip/tokenization_clip.py, in tokenizer.json form.
 */
function clipTokenizerJson(vocabulary: Vocabulary, specialTokens: readonly string[]): object {
  const split = (regex: string) => ({
    type: 'Split',
    pattern: { Regex: regex },
    behavior: 'Removed',
    invert: true,
  });
  return {
    added_tokens: specialTokens.map((content) => ({
      id: vocabulary.ids[content],
      content,
      single_word: false,
      lstrip: false,
      rstrip: false,
      normalized: false,
      special: true,
    })),
    normalizer: {
      type: 'Sequence',
      normalizers: [
        { type: 'NFC' },
        { type: 'Replace', pattern: { Regex: '\\s+' }, content: ' ' },
        { type: 'Lowercase' },
      ],
    },
    pre_tokenizer: {
      type: 'Sequence',
      pretokenizers: [
        split(wordPattern),
        split(byteLevelPattern),
        { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: false },
      ],
    },
    post_processor: null,
    decoder: null,
    model: {
      type: 'BPE',
      unk_token: vocabulary.unkToken,
      continuing_subword_prefix: '',
      end_of_word_suffix: '</w>',
      fuse_unk: false,
      byte_fallback: false,
      ignore_merges: false,
      vocab: vocabulary.ids,
      merges: vocabulary.merges,
    },
  };
}
