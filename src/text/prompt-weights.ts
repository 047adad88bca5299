/**
 * Attention weights in prompts: the rules of AUTOMATIC1111/stable-diffusion-webui modules/prompt_parser.py
 * (parse_prompt_attention) at 28bd8e142d5f77b71ae8d7d7140b5da1b3a49906, in linear time.
 *
 *   (abc)      x 1.1               \( \) \[ \] \\   the character itself
 *   (abc:1.4)  x 1.4               \ before others  dropped
 *   [abc]      x 1 / 1.1           BREAK            ends the chunk of 75 tokens
 *
 * A bracket left open reaches to the end; a closing bracket without an opening one is text. Everything else
 * of that program ([from:to:when], [a|b], AND, embedding names) is text under the rules above.
 *
 * Where it differs: BREAK inside brackets is a break (there it becomes the word "BREAK" with a negative
 * weight); a weight that is no number, (a:1.2.3), is text (there it is an exception); brackets beyond the
 * 64th around the same text add nothing (there 1.1^n grows until it overflows).
 */
export interface WeightedText {
  readonly text: string;
  readonly weight: number;
}

/** Ends the current chunk, whatever room it has left. */
export const promptBreak = Symbol('BREAK');
export type PromptPart = WeightedText | typeof promptBreak;

const roundFactor = 1.1;
const squareFactor = 1 / 1.1;
/** Keeps the work linear in the prompt and the weights finite: 1.1^64 is 446. */
const maximumDepth = 64;

const pythonSpace = '[\\t-\\r\\x1c-\\x20\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000]';
const tokenPattern = new RegExp(
  `\\\\[()[\\]\\\\]?|[()[\\]]|:${pythonSpace}*([+-]?[.\\d]+)${pythonSpace}*\\)|[^\\\\()[\\]:]+|:`,
  'g',
);
const breakPattern = /(?<![\p{L}\p{N}_])BREAK(?![\p{L}\p{N}_])/u;
const leadingSpace = new RegExp(`^${pythonSpace}+`);
const spaceCharacter = new RegExp(pythonSpace);

/**
 * Any string to its weighted runs, neighbours of equal weight joined. Never throws, never returns an empty
 * list.
 */
export function parsePromptWeights(prompt: string): PromptPart[] {
  const texts: (string | typeof promptBreak)[] = [];
  const weights: number[] = [];
  const openRound: number[] = [];
  const openSquare: number[] = [];
  const multiplyFrom = rangeMultiplier(weights);

  const append = (text: string | typeof promptBreak) => {
    texts.push(text);
    weights.push(1);
  };
  const appendText = (text: string) => {
    const [first, ...rest] = splitAtBreaks(text);
    append(first!);
    for (const piece of rest) {
      append(promptBreak);
      append(piece);
    }
  };

  for (const match of prompt.matchAll(tokenPattern)) {
    const token = match[0];
    const written = match[1];
    if (token.startsWith('\\')) append(token.slice(1));
    else if (token === '(') openRound.push(texts.length);
    else if (token === '[') openSquare.push(texts.length);
    else if (token === ')' && openRound.length > 0) multiplyFrom(openRound.pop()!, roundFactor);
    else if (token === ']' && openSquare.length > 0) multiplyFrom(openSquare.pop()!, squareFactor);
    else if (written !== undefined && openRound.length > 0) {
      const factor = parseWeight(written);
      if (factor === undefined) {
        appendText(token.slice(0, -1));
        multiplyFrom(openRound.pop()!, roundFactor);
      } else multiplyFrom(openRound.pop()!, factor);
    } else appendText(token);
  }
  for (const start of openRound) multiplyFrom(start, roundFactor);
  for (const start of openSquare) multiplyFrom(start, squareFactor);

  return joinRuns(texts, weights);
}

/**
 * A function that multiplies all weights from an index to the end. Every weight is multiplied in the order in
 * which its brackets close, so the floating point results are those of the original; one that has had its 64
 * factors leaves the list of live indexes, so all calls together do at most 64 multiplications per weight.
 */
function rangeMultiplier(weights: number[]): (start: number, factor: number) => void {
  const live: number[] = [];
  const depths: number[] = [];
  return (start, factor) => {
    for (let index = depths.length; index < weights.length; index++) {
      live.push(index);
      depths.push(0);
    }
    let first = live.length;
    while (first > 0 && live[first - 1]! >= start) first--;
    let kept = first;
    for (let place = first; place < live.length; place++) {
      const index = live[place]!;
      weights[index]! *= factor;
      if (++depths[index]! < maximumDepth) live[kept++] = index;
    }
    live.length = kept;
  };
}

/** Python's float() of [+-]?[.\d]+, undefined where it would raise. */
function parseWeight(written: string): number | undefined {
  return /^[+-]?(\d+\.?\d*|\.\d+)$/.test(written) ? Number(written) : undefined;
}

/** Pieces between the words BREAK, without the white space around each of these. */
function splitAtBreaks(text: string): string[] {
  const pieces = text.split(breakPattern);
  return pieces.map((piece, index) => {
    const start = index > 0 ? piece.replace(leadingSpace, '') : piece;
    return index < pieces.length - 1 ? trimEnd(start) : start;
  });
}

/** Not a regular expression: one anchored at the end only is quadratic on long runs of white space. */
function trimEnd(text: string): string {
  let end = text.length;
  while (end > 0 && spaceCharacter.test(text[end - 1]!)) end--;
  return text.slice(0, end);
}

function joinRuns(texts: readonly (string | typeof promptBreak)[], weights: readonly number[]): PromptPart[] {
  const parts: PromptPart[] = [];
  let run: string[] = [];
  texts.forEach((text, index) => {
    const weight = weights[index]!;
    if (text === promptBreak) {
      parts.push(promptBreak);
      return;
    }
    run.push(text);
    const next = texts[index + 1];
    if (next === undefined || next === promptBreak || weights[index + 1] !== weight) {
      parts.push({ text: run.join(''), weight });
      run = [];
    }
  });
  return parts.length > 0 ? parts : [{ text: '', weight: 1 }];
}
