/** What is wrong with a pattern. */
export class PatternError extends Error {
  override readonly name = 'PatternError';
}

export type CharTest = (char: string) => boolean;
/** `before` and `after` are the neighbouring characters, '' at the ends. */
export type PlaceTest = (before: string, after: string) => boolean;

/** A parsed pattern. */
export type Node =
  | { readonly type: 'char'; readonly test: CharTest }
  | { readonly type: 'place'; readonly test: PlaceTest }
  | { readonly type: 'sequence'; readonly parts: readonly Node[] }
  | { readonly type: 'choice'; readonly parts: readonly Node[] }
  | { readonly type: 'repeat'; readonly part: Node; readonly least: number; readonly most: number };

const mostRepeats = 100;
const isWord: CharTest = (char) => /^[\p{L}\p{N}_]$/u.test(char);
const isDigit: CharTest = (char) => /^\p{Nd}$/u.test(char);
const isSpace: CharTest = (char) => /^\s$/u.test(char);
const not =
  (test: CharTest): CharTest =>
  (char) =>
    !test(char);
const classes: Readonly<Record<string, CharTest>> = {
  ...{ d: isDigit, D: not(isDigit), w: isWord, W: not(isWord), s: isSpace, S: not(isSpace) },
};
const controls: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t' };
const atBoundary: PlaceTest = (before, after) => isWord(before) !== isWord(after);
const places: Readonly<Record<string, PlaceTest>> = {
  b: atBoundary,
  B: (before, after) => !atBoundary(before, after),
};

function inEitherCase(test: CharTest): CharTest {
  return (char) => test(char) || test(char.toUpperCase()) || test(char.toLowerCase());
}

/**
 * Literals, `.`, classes, `\d \w \s` and their negations, `\b \B ^ $`, groups, `|`, `* + ? {n} {n,} {n,m}`.
 * Letters match in either case. No back-references and no look-around: they have no linear search.
 * @throws PatternError naming what is not supported, and where.
 */
export function parsePattern(source: string): Node {
  const chars = [...source];
  let at = 0;
  const fail = (what: string): never => {
    throw new PatternError(`${what} at character ${at + 1}`);
  };

  const choice = (): Node => {
    const parts = [sequence()];
    while (chars[at] === '|') {
      at++;
      parts.push(sequence());
    }
    return parts.length === 1 ? parts[0]! : { type: 'choice', parts };
  };
  const sequence = (): Node => {
    const parts: Node[] = [];
    while (at < chars.length && chars[at] !== '|' && chars[at] !== ')') parts.push(repeated());
    return { type: 'sequence', parts };
  };
  const repeated = (): Node => {
    let part = single();
    for (;;) {
      const bounds = repeats();
      if (bounds === undefined) return part;
      // Lazy or greedy is the same to a search that only answers yes or no.
      if (chars[at] === '?') at++;
      part = { type: 'repeat', part, least: bounds[0], most: bounds[1] };
    }
  };
  const repeats = (): [least: number, most: number] | undefined => {
    const simple = {
      '*': [0, Number.POSITIVE_INFINITY],
      '+': [1, Number.POSITIVE_INFINITY],
      '?': [0, 1],
    } as const;
    const found = simple[chars[at] as keyof typeof simple];
    if (found !== undefined) {
      at++;
      return [...found];
    }
    const counted = /^\{(\d+)(?:(,)(\d*))?\}/.exec(chars.slice(at, at + 12).join(''));
    if (counted === null) return undefined;
    const least = Number(counted[1]);
    const most =
      counted[2] === undefined ? least : counted[3] === '' ? Number.POSITIVE_INFINITY : Number(counted[3]);
    if (most < least) fail('a repetition whose bounds are the wrong way round');
    if (Math.max(least, Number.isFinite(most) ? most : 0) > mostRepeats)
      fail(`a repetition of more than ${mostRepeats} times`);
    at += counted[0].length;
    return [least, most];
  };
  const single = (): Node => {
    const char = chars[at++]!;
    if (char === '(') return group();
    if (char === '[') return { type: 'char', test: charClass() };
    if (char === '.') return { type: 'char', test: (each) => each !== '\n' };
    if (char === '^') return { type: 'place', test: (before) => before === '' };
    if (char === '$') return { type: 'place', test: (_, after) => after === '' };
    if ('*+?'.includes(char)) {
      at--;
      return fail(`nothing before "${char}" to repeat`);
    }
    if (char !== '\\') return { type: 'char', test: inEitherCase((each) => each === char) };
    const place = places[chars[at] ?? ''];
    if (place !== undefined) {
      at++;
      return { type: 'place', test: place };
    }
    return { type: 'char', test: inEitherCase(escaped()) };
  };
  const group = (): Node => {
    if (chars[at] === '?') {
      if (chars[at + 1] !== ':') fail('look-around or a named group, which are not supported,');
      at += 2;
    }
    const inside = choice();
    if (chars[at] !== ')') fail('a group without its ")"');
    at++;
    return inside;
  };
  /** Of an escape that stands for one character, that character; otherwise the class it names. */
  const escapedChar = (): string | CharTest => {
    const char = chars[at];
    if (char === undefined) return fail('a backslash without a character');
    at++;
    const named = classes[char] ?? controls[char];
    if (named !== undefined) return named;
    if (/[\p{L}\p{N}]/u.test(char)) {
      at--;
      fail(`"\\${char}", which is not supported,`);
    }
    return char;
  };
  const escaped = (): CharTest => {
    const meant = escapedChar();
    return typeof meant === 'string' ? (each) => each === meant : meant;
  };
  const charClass = (): CharTest => {
    const negated = chars[at] === '^';
    if (negated) at++;
    const tests: CharTest[] = [];
    while (chars[at] !== ']') {
      if (at >= chars.length) fail('a class without its "]"');
      const from = member();
      if (typeof from === 'string' && chars[at] === '-' && chars[at + 1] !== ']' && at + 1 < chars.length) {
        at++;
        const to = member();
        if (typeof to !== 'string' || to < from) return fail('a range that runs backwards or to a class');
        tests.push(
          (each) =>
            each.codePointAt(0)! >= from.codePointAt(0)! && each.codePointAt(0)! <= to.codePointAt(0)!,
        );
      } else tests.push(typeof from === 'string' ? (each) => each === from : from);
    }
    at++;
    const any = inEitherCase((each) => tests.some((test) => test(each)));
    return negated ? not(any) : any;
  };
  const member = (): string | CharTest => {
    const char = chars[at++]!;
    return char === '\\' ? escapedChar() : char;
  };

  const whole = choice();
  if (at < chars.length) fail('a ")" without its group');
  return whole;
}
