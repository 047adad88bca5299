import { ApiError } from '../../contract/errors.ts';
import { chunkLength, chunkPrompt, chunkPrompts, type PromptChunk, PromptError } from '../../text/chunks.ts';
import { embeddingNames, type PromptEmbedding } from '../../text/embedding-names.ts';
import { parsePromptWeights, promptBreak } from '../../text/prompt-weights.ts';
import { applyStyle, canonicalStyle } from '../../text/styles.ts';
import { type ClipTokenizer, loadTokenizer } from '../../text/tokenizer.ts';

export interface Prompts {
  readonly prompt: string;
  readonly negativePrompt: string;
  /** Text to image only. */
  readonly style?: string;
  /** Those that the texts name: each is as many tokens as it has vectors. */
  readonly embeddings?: readonly PromptEmbedding[];
}

/** @throws ApiError naming the field whose text, inside its style, needs more chunks than are allowed. */
export type PromptCheck = (prompts: Prompts) => void;

/** Tokens of content in each chunk of 75, of both prompts inside their style. @throws as PromptCheck. */
export type TokenCount = (prompts: Prompts) => Readonly<Record<PromptField, readonly number[]>>;

type PromptField = 'prompt' | 'negative_prompt';

/**
 * Refuses at submit what the worker could not encode, so that nobody waits in the queue for that answer.
 * Counts with the vocabulary that published SDXL checkpoints have; a checkpoint with another one is still
 * checked by its worker.
 */
export async function createPromptCheck(
  maxChunks: number,
): Promise<{ readonly checkPrompts: PromptCheck; readonly countTokens: TokenCount }> {
  const tokenizers = await Promise.all([loadTokenizer({ pad: 'eos' }), loadTokenizer({ pad: 0 })]);
  return {
    checkPrompts: (prompts) => {
      const names = embeddingNames(prompts.embeddings ?? []);
      for (const [field, text] of styledFields(prompts))
        naming(field, () => {
          assertWithinReach(text, tokenizers[0]!, maxChunks);
          chunkPrompts([text], tokenizers, maxChunks, names);
        });
    },
    countTokens: (prompts) => {
      const names = embeddingNames(prompts.embeddings ?? []);
      return Object.fromEntries(
        styledFields(prompts).map(([field, text]) => [
          field,
          naming(field, () => {
            assertWithinReach(text, tokenizers[0]!, maxChunks);
            return contentCounts(chunkPrompt(text, tokenizers[0]!, maxChunks, names), tokenizers[0]!);
          }),
        ]),
      ) as Record<PromptField, number[]>;
    },
  };
}

/** Both prompts inside their style, as they are encoded. */
export function styledFields({ prompt, negativePrompt, style = 'base' }: Prompts): [PromptField, string][] {
  const styled = applyStyle(canonicalStyle(style) ?? 'base', prompt, negativePrompt);
  return [
    ['prompt', styled.prompt],
    ['negative_prompt', styled.negativePrompt],
  ];
}

function naming<Value>(field: PromptField, read: () => Value): Value {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof PromptError)) throw error;
    throw new ApiError('invalidParameter', `${field}: ${error.message}`);
  }
}

/** The first encoder fills a chunk up with its end token. */
function contentCounts(chunks: readonly PromptChunk[], tokenizer: ClipTokenizer): number[] {
  return chunks.map(({ ids }) => {
    let end = chunkLength;
    while (end > 1 && ids[end - 1] === tokenizer.eos) end--;
    return end - 1;
  });
}

/** Texts below this length are tokenized in a few milliseconds whatever they hold. */
const shortText = 2000;
/** Up to so many times what is allowed the exact number of chunks is told. */
const countedTimes = 2;
/** Characters that are tokenized at a time; a word that is cut has a token more at most, of 25 and more. */
const stretch = 100;

/** Whether checking takes long enough that others should be served in between. */
export function isLong({ prompt, negativePrompt }: Prompts): boolean {
  return prompt.length + negativePrompt.length > shortText;
}

/**
 * Refuses a text of far too many tokens before all of it is tokenized: a prompt of 32,768 characters took 0.8
 * s, in which nobody else is served. Tokens are counted in stretches, without what brackets and weights say,
 * until they are twice what is allowed.
 */
function assertWithinReach(text: string, tokenizer: ClipTokenizer, maxChunks: number): void {
  if (text.length <= shortText) return;
  const most = countedTimes * maxChunks;
  let tokens = 0;
  let breaks = 0;
  for (const part of parsePromptWeights(text)) {
    if (part === promptBreak) breaks++;
    else
      for (let at = 0; at < part.text.length && tokens <= most * (chunkLength - 2); at += stretch)
        tokens += tokenizer.encode(part.text.slice(at, at + stretch)).length;
    if (tokens > most * (chunkLength - 2) || breaks > most)
      throw new PromptError(
        `the prompt needs more than ${maxChunks} chunks of 75 tokens, at most ${maxChunks} are allowed`,
      );
  }
}
