import { parsePromptWeights, promptBreak } from './prompt-weights.ts';

/**
 * CLIP cuts text into runs of letters and single digits before its byte pairs; a run of digits is one word
 * here.
 */
const word = /\p{L}[\p{L}\p{M}]*|\p{N}+/gu;

/** Words of a prompt in weight syntax that are not among those known, in lower case, in order, each once. */
export function unknownWords(prompt: string, known: ReadonlySet<string>): string[] {
  const texts = parsePromptWeights(prompt).flatMap((part) => (part === promptBreak ? [] : [part.text]));
  const words = texts.flatMap((text) => text.normalize('NFC').toLowerCase().match(word) ?? []);
  return [...new Set(words)].filter((each) => !known.has(each));
}
