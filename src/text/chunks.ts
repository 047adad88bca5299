import { type EmbeddingNames, noEmbeddings } from './embedding-names.ts';
import { parsePromptWeights, promptBreak } from './prompt-weights.ts';
import type { ClipTokenizer } from './tokenizer.ts';

/** Tokens that one pass of a CLIP text encoder sees: begin + 75 of content + end. */
export const chunkLength = 77;
const contentLength = chunkLength - 2;
/**
 * How far back a comma may lie for the words after it to move to the next chunk (A1111's
 * comma_padding_backtrack).
 */
const commaBacktrack = 20;
export const defaultChunkCeiling = 16;

/**
 * One encoder pass: token ids, and the weight by which each token's hidden state is multiplied. Both are 77
 * long.
 */
export interface PromptChunk {
  readonly ids: Int32Array;
  readonly weights: Float32Array;
  /** Embeddings that stand in place of tokens; the ids there mean nothing. Absent where there is none. */
  readonly embeddings?: readonly PlacedEmbedding[];
}

export interface PlacedEmbedding {
  readonly name: string;
  /** Index in the chunk of the first token that it stands in place of. */
  readonly at: number;
}

/** A prompt that cannot be encoded as it stands; the message says why and is fit for the client. */
export class PromptError extends Error {
  override readonly name = 'PromptError';
}

/**
 * A prompt in A1111 weight syntax as the chunks one encoder will see, at least one. The rules are
 * tokenize_line and process_tokens of AUTOMATIC1111/stable-diffusion-webui modules/sd_hijack_clip.py at
 * 00e09382cd85c77ac35545c7264855823dfc2eb1: each weighted run is tokenized by itself; a full chunk whose last
 * comma is at most 20 tokens back gives up what follows it to the next one; BREAK closes a chunk; filler has
 * weight 1; what follows the first end token is the encoder's pad token. An embedding is as many tokens as it
 * has vectors, all of them in one chunk.
 * @throws PromptError where more than `ceiling` chunks are needed or a weight exceeds 32-bit floats. Nothing
 * is cut off.
 */
export function chunkPrompt(
  prompt: string,
  tokenizer: ClipTokenizer,
  ceiling = defaultChunkCeiling,
  names: EmbeddingNames = noEmbeddings,
): PromptChunk[] {
  const chunks: PromptChunk[] = [];
  const [comma, ...more] = tokenizer.encode(',');
  const commaId = more.length === 0 ? comma : undefined;
  let ids: number[] = [];
  let weights: number[] = [];
  let placed: PlacedEmbedding[] = [];
  let lastComma = -1;
  const closeChunk = () => {
    chunks.push(framed(ids, weights, placed, tokenizer));
    ids = [];
    weights = [];
    placed = [];
    lastComma = -1;
  };
  /** Closes a full chunk before the next token, behind its last comma where that is near. */
  const makeRoom = () => {
    if (ids.length < contentLength) return;
    const isNear = lastComma !== -1 && ids.length - lastComma <= commaBacktrack;
    const first = isNear ? lastComma + 1 : ids.length;
    const [movedIds, movedWeights] = [ids.splice(first), weights.splice(first)];
    const moved = placed.filter(({ at }) => at > first);
    placed = placed.filter(({ at }) => at <= first);
    closeChunk();
    [ids, weights] = [movedIds, movedWeights];
    placed = moved.map(({ name, at }) => ({ name, at: at - first }));
  };

  for (const part of parsePromptWeights(prompt)) {
    if (part === promptBreak) {
      closeChunk();
      continue;
    }
    const { text, weight } = part;
    if (!Number.isFinite(Math.fround(weight))) {
      throw new PromptError(`the weight of '${excerpt(text)}' is ${weight}, too large for a 32-bit float`);
    }
    for (const piece of names.split(text)) {
      if (typeof piece !== 'string') {
        makeRoom();
        if (ids.length + piece.tokens > contentLength) closeChunk();
        placed.push({ name: piece.name, at: ids.length + 1 });
        for (let token = 0; token < piece.tokens; token++) {
          ids.push(0);
          weights.push(weight);
        }
        continue;
      }
      for (const id of tokenizer.encode(piece)) {
        if (id === commaId) lastComma = ids.length;
        else makeRoom();
        if (ids.length === contentLength) closeChunk();
        ids.push(id);
        weights.push(weight);
      }
    }
  }
  if (ids.length > 0 || chunks.length === 0) closeChunk();
  if (chunks.length > ceiling) {
    throw new PromptError(
      `the prompt needs ${chunks.length} chunks of ${contentLength} tokens, at most ${ceiling} are allowed`,
    );
  }
  return chunks;
}

/** What an encoder sees of an empty prompt. */
export function emptyChunk(tokenizer: ClipTokenizer): PromptChunk {
  return framed([], [], [], tokenizer);
}

/**
 * Several prompts (positive, negative) for several encoders, all with the same number of chunks, the shorter
 * ones filled up with the empty prompt: the UNet takes them as one batch, and the encoders' states lie side
 * by side.
 * @returns by tokenizer, then by prompt.
 * @throws PromptError as chunkPrompt.
 */
export function chunkPrompts(
  prompts: readonly string[],
  tokenizers: readonly ClipTokenizer[],
  ceiling = defaultChunkCeiling,
  names: EmbeddingNames = noEmbeddings,
): PromptChunk[][][] {
  const chunked = tokenizers.map((tokenizer) =>
    prompts.map((prompt) => chunkPrompt(prompt, tokenizer, ceiling, names)),
  );
  const count = Math.max(0, ...chunked.flat().map((chunks) => chunks.length));
  return chunked.map((byPrompt, index) =>
    byPrompt.map((chunks) => withChunkCount(chunks, count, tokenizers[index]!)),
  );
}

/** The same chunks, filled up to `count` with the empty prompt. */
export function withChunkCount(
  chunks: readonly PromptChunk[],
  count: number,
  tokenizer: ClipTokenizer,
): PromptChunk[] {
  const missing = Math.max(0, count - chunks.length);
  return [...chunks, ...Array.from({ length: missing }, () => emptyChunk(tokenizer))];
}

function framed(
  content: readonly number[],
  contentWeights: readonly number[],
  embeddings: readonly PlacedEmbedding[],
  tokenizer: ClipTokenizer,
): PromptChunk {
  const ids = new Int32Array(chunkLength).fill(tokenizer.eos);
  ids[0] = tokenizer.bos;
  ids.set(content, 1);
  // The first end token may be one the client wrote: where padding differs, what follows it is padding too,
  // as in A1111.
  if (tokenizer.pad !== tokenizer.eos) ids.fill(tokenizer.pad, ids.indexOf(tokenizer.eos) + 1);
  const weights = new Float32Array(chunkLength).fill(1);
  weights.set(contentWeights, 1);
  return { ids, weights, ...(embeddings.length > 0 && { embeddings }) };
}

function excerpt(text: string): string {
  return text.length > 40 ? `${text.slice(0, 40)}...` : text;
}
