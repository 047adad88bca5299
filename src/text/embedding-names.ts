import { parsePromptWeights, promptBreak } from './prompt-weights.ts';

/** An embedding (textual inversion, Gal et al. 2022) that prompts call by its name. */
export interface PromptEmbedding {
  /** As its folder has it: the file without its ending, behind the folders that it lies in. */
  readonly name: string;
  /** How many vectors it is, each in place of one token. */
  readonly tokens: number;
}

/** Finds embeddings in the text of a prompt. */
export interface EmbeddingNames {
  /** The text with every embedding that it names in the place of its name. */
  split(text: string): (string | PromptEmbedding)[];
}

/** What a name may not touch: the prompt has another word there. */
const wordPart = /[\p{L}\p{M}\p{N}_-]/u;
/** ComfyUI's way of writing an embedding. */
const marker = /embedding:$/i;

/**
 * Embeddings by their names as whole words, in any case and the longest first; the folders before a name may
 * be left out where only one has it. `<name>`, as diffusers' examples write it, and `embedding:name`, as
 * ComfyUI does, are the same.
 */
export function embeddingNames(embeddings: readonly PromptEmbedding[]): EmbeddingNames {
  const bySpelling = spellings(embeddings);
  if (bySpelling.size === 0) return { split: (text) => (text === '' ? [] : [text]) };
  const lengths = [...new Set([...bySpelling.keys()].map(({ length }) => length))].sort((a, b) => b - a);

  const nameAt = (text: string, start: number) => {
    for (const length of lengths) {
      const end = start + length;
      if (end > text.length || isWordPart(text, end)) continue;
      const found = bySpelling.get(text.slice(start, end).toLowerCase());
      if (found !== undefined) return { found, end };
    }
    return undefined;
  };
  return {
    split: (text) => {
      const pieces: (string | PromptEmbedding)[] = [];
      let done = 0;
      for (let start = 0; start < text.length; start++) {
        if (isWordPart(text, start - 1)) continue;
        const match = nameAt(text, start);
        if (match === undefined) continue;
        const before = text.slice(done, start).replace(marker, '');
        const isBracketed = before.endsWith('<') && text[match.end] === '>';
        const rest = isBracketed ? before.slice(0, -1) : before;
        if (rest !== '') pieces.push(rest);
        pieces.push(match.found);
        done = match.end + (isBracketed ? 1 : 0);
        start = done - 1;
      }
      if (done < text.length) pieces.push(text.slice(done));
      return pieces;
    },
  };
}

/** For prompts where no word is an embedding. */
export const noEmbeddings = embeddingNames([]);

/** Those of the embeddings that a prompt in weight syntax names, each once. */
export function embeddingsIn(prompt: string, names: EmbeddingNames): PromptEmbedding[] {
  const texts = parsePromptWeights(prompt).flatMap((part) => (part === promptBreak ? [] : [part.text]));
  const found = texts.flatMap((text) => names.split(text)).filter((piece) => typeof piece !== 'string');
  return [...new Set(found)];
}

/** Whether the character that begins or ends at `at` belongs to a word; surrogates are looked at as pairs. */
function isWordPart(text: string, at: number): boolean {
  if (at < 0 || at >= text.length) return false;
  const unit = text.charCodeAt(at);
  const first = unit >= 0xdc00 && unit <= 0xdfff ? at - 1 : at;
  return wordPart.test(String.fromCodePoint(text.codePointAt(Math.max(0, first))!));
}

function spellings(embeddings: readonly PromptEmbedding[]): ReadonlyMap<string, PromptEmbedding> {
  const plain = Map.groupBy(embeddings, ({ name }) => name.slice(name.lastIndexOf('/') + 1).toLowerCase());
  const found = new Map<string, PromptEmbedding>();
  for (const [spelling, [only, ...others]] of plain) if (others.length === 0) found.set(spelling, only!);
  for (const embedding of embeddings) found.set(embedding.name.toLowerCase(), embedding);
  found.delete('');
  return found;
}
