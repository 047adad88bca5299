import { ApiError } from '../../contract/errors.ts';
import { chunkLength, chunkPrompt, chunkPrompts, PromptError } from '../../text/chunks.ts';
import { applyStyle, canonicalStyle } from '../../text/styles.ts';
import { type ClipTokenizer, loadTokenizer } from '../../text/tokenizer.ts';

export interface Prompts {
  readonly prompt: string;
  readonly negativePrompt: string;
  /** Text to image only. */
  readonly style?: string;
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
      for (const [field, text] of styledFields(prompts))
        naming(field, () => chunkPrompts([text], tokenizers, maxChunks));
    },
    countTokens: (prompts) =>
      Object.fromEntries(
        styledFields(prompts).map(([field, text]) => [
          field,
          naming(field, () => contentCounts(text, tokenizers[0]!, maxChunks)),
        ]),
      ) as Record<PromptField, number[]>,
  };
}

function styledFields({ prompt, negativePrompt, style = 'base' }: Prompts): [PromptField, string][] {
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
function contentCounts(text: string, tokenizer: ClipTokenizer, maxChunks: number): number[] {
  return chunkPrompt(text, tokenizer, maxChunks).map(({ ids }) => {
    let end = chunkLength;
    while (end > 1 && ids[end - 1] === tokenizer.eos) end--;
    return end - 1;
  });
}
