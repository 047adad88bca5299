import { type LinearPattern, linearPattern } from './linear-pattern.ts';
import { PatternError } from './pattern-syntax.ts';

/** Whether a text holds something that a list forbids; takes time proportional to the text. */
export type DenyList = (text: string) => boolean;

/** What is wrong with a list: one sentence naming the line. */
export class DenyListError extends Error {
  override readonly name = 'DenyListError';
}

/** Compatibility forms folded: full-width letters and ligatures are not another spelling. */
function normalised(text: string): string {
  return text.normalize('NFKC').toLowerCase();
}

function wordsOf(text: string): string[] {
  return normalised(text).match(/[\p{L}\p{M}\p{N}_]+/gu) ?? [];
}

/**
 * Reads a list: on each line a term or, between slashes, a regular expression (see linearPattern); empty
 * lines and lines that begin with # say nothing. A term is found as whole words in any case, whatever stands
 * between its words.
 * @throws DenyListError naming the line.
 */
export function parseDenyList(content: string): DenyList {
  const terms = new Map<string, string[][]>();
  const patterns: LinearPattern[] = [];
  for (const [index, raw] of content.split(/\r?\n/).entries()) {
    const line = raw.trim();
    if (line === '' || line.startsWith('#')) continue;
    const source = /^\/(.*)\/$/.exec(line)?.[1];
    if (source !== undefined) {
      patterns.push(readPattern(source, index + 1));
      continue;
    }
    const [first, ...rest] = wordsOf(line);
    if (first === undefined)
      throw new DenyListError(`line ${index + 1}: ${line} holds no letter and no digit`);
    terms.set(first, [...(terms.get(first) ?? []), rest]);
  }
  return (text) => {
    const words = wordsOf(text);
    const hasTerm = words.some((word, at) =>
      terms.get(word)?.some((rest) => rest.every((each, offset) => words[at + 1 + offset] === each)),
    );
    if (hasTerm) return true;
    const folded = normalised(text);
    return patterns.some((pattern) => pattern(folded));
  };
}

function readPattern(source: string, line: number): LinearPattern {
  try {
    const pattern = linearPattern(source);
    if (pattern('')) throw new PatternError('it is found in every text');
    return pattern;
  } catch (error) {
    if (!(error instanceof PatternError)) throw error;
    throw new DenyListError(`line ${line}: /${source}/: ${error.message}`);
  }
}
