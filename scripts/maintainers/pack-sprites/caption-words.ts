import type { ClipTokenizer } from '../../../src/text/tokenizer.ts';

/** Every text of a JSON value, however deep; keys are no texts. */
function textsOf(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(textsOf) : [];
}

/** CLIP's ids of each word that captions may have, and of the comma; * stands for a colour. */
export function captionWords(
  texts: unknown,
  tokenizer: ClipTokenizer,
): Readonly<Record<string, readonly number[]>> {
  const words = textsOf(texts).flatMap((text) => text.replace(/[,*]/g, ' ').split(/\s+/).filter(Boolean));
  return Object.fromEntries(
    [',', ...[...new Set(words)].toSorted()].map((word) => [word, tokenizer.encode(word)]),
  );
}
