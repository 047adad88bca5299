import { ApiError } from '../../contract/errors.ts';
import { chunkPrompts, PromptError } from '../../text/chunks.ts';
import { applyStyle, canonicalStyle } from '../../text/styles.ts';
import { loadTokenizer } from '../../text/tokenizer.ts';

export interface Prompts {
  readonly prompt: string;
  readonly negativePrompt: string;
  /** Text to image only. */
  readonly style?: string;
}

/** @throws ApiError naming the field whose text, inside its style, needs more chunks than are allowed. */
export type PromptCheck = (prompts: Prompts) => void;

/**
 * Refuses at submit what the worker could not encode, so that nobody waits in the queue for that answer.
 * Counts with the vocabulary that published SDXL checkpoints have; a checkpoint with another one is still
 * checked by its worker.
 */
export async function createPromptCheck(maxChunks: number): Promise<PromptCheck> {
  const tokenizers = await Promise.all([loadTokenizer({ pad: 'eos' }), loadTokenizer({ pad: 0 })]);
  return ({ prompt, negativePrompt, style = 'base' }) => {
    const styled = applyStyle(canonicalStyle(style) ?? 'base', prompt, negativePrompt);
    const fields = [
      ['prompt', styled.prompt],
      ['negative_prompt', styled.negativePrompt],
    ] as const;
    for (const [field, text] of fields) {
      try {
        chunkPrompts([text], tokenizers, maxChunks);
      } catch (error) {
        if (!(error instanceof PromptError)) throw error;
        throw new ApiError('invalidParameter', `${field}: ${error.message}`);
      }
    }
  };
}
