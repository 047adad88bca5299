import { show } from '../show.ts';
import { type ForeignName, foreignNames } from './foreign-fields.ts';

/**
 * Fields a body has that mean nothing here but probably should: the right field under another service's name,
 * in another spelling or mistyped. They stay without effect, as any unknown field has always been; the client
 * is told.
 */

/** What a schema documents, and what the same field is called in the words of other bodies of ours. */
export interface KnownFields {
  readonly names: readonly string[];
  /** What this body calls otherwise, as OpenAI's calls `samples` `n`. */
  readonly renamed?: Readonly<Record<string, string>>;
}

/** OpenAI's Images API. */
export const openAiWords = {
  renamed: {
    samples: 'n',
    img_width: 'size',
    img_height: 'size',
    base64: 'response_format',
    base_model: 'model',
  },
};

/** A body may have thousands of fields. */
const mostExamined = 200;
const mostTold = 10;
/** No near miss is longer. */
const longestName = 40;

/**
 * One sentence for each near miss in a body: its field with its value, and the right field.
 * @param raw as it was sent, before it is known to be right.
 */
export function nearMissWarnings(raw: unknown, known: KnownFields): string[] {
  if (typeof raw !== 'object' || raw === null || Array.isArray(raw)) return [];
  const body = raw as Readonly<Record<string, unknown>>;
  const warnings: string[] = [];
  for (const name of Object.keys(body).slice(0, mostExamined)) {
    const value = body[name];
    if (value === undefined || value === null || name.length > longestName) continue;
    if (known.names.includes(name)) continue;
    const meant = meantBy(name, known);
    if (meant === undefined) continue;
    // Who sends both names says the same twice, or says it right at least.
    if (known.names.includes(meant) && isGiven(body, meant)) continue;
    warnings.push(`${name}: ${show(value)} is without effect; ${adviceOn(meant, known)}`);
    if (warnings.length === mostTold) break;
  }
  return warnings;
}

function isGiven(body: Readonly<Record<string, unknown>>, name: string): boolean {
  return Object.hasOwn(body, name) && body[name] !== null && body[name] !== undefined;
}

function adviceOn(meant: string, { names }: KnownFields): string {
  if (names.includes(meant)) return `the field is called ${meant}`;
  if (meant.startsWith('img_') || meant === 'size') {
    if (names.includes('img_width')) return 'the fields are called img_width and img_height';
    return 'the picture gets the size of image';
  }
  return noField[meant] ?? `this endpoint has no ${meant}`;
}

/** Where the meant field is none of this endpoint's. */
const noField: Readonly<Record<string, string>> = {
  image: 'image is a field of image to image, sdxl-img2img',
  mask: 'there are no masks here, the whole picture is made anew',
  base_model: 'base_model is a field of image to image, sdxl-img2img',
};

/**
 * The known field that a name is for; a field of the other endpoint where this one has none; undefined for
 * anybody's own field.
 */
function meantBy(name: string, known: KnownFields): string | undefined {
  const spelled = spelling(name);
  if (spelled === '') return undefined;
  const same = known.names.find((each) => spelling(each) === spelled);
  if (same !== undefined) return same;
  const foreign: ForeignName | undefined = foreignNames.get(spelled);
  if (foreign !== undefined) return chosen(foreign, known);
  return known.names.find((each) => isMistyped(spelled, spelling(each)));
}

function chosen(foreign: ForeignName, { names, renamed = {} }: KnownFields): string {
  const words = foreign.map((word) => renamed[word] ?? word);
  return words.find((word) => names.includes(word)) ?? words.at(-1)!;
}

/** Without what `negativePrompt`, `negative-prompt` and `Negative_Prompt` differ in. */
export function spelling(name: string): string {
  return name.toLowerCase().replace(/[^a-z0-9]/g, '');
}

/**
 * One letter wrong, missing, too many or two exchanged, two from twelve letters on; short names are too close
 * to words of their own.
 */
function isMistyped(given: string, right: string): boolean {
  if (right.length < 5) return false;
  const allowed = right.length < 12 ? 1 : 2;
  return Math.abs(given.length - right.length) <= allowed && distance(given, right) <= allowed;
}

/** Optimal string alignment distance: insertions, deletions, substitutions, exchanges of neighbours. */
export function distance(a: string, b: string): number {
  const rows = Array.from({ length: a.length + 1 }, (_, i) =>
    Array.from({ length: b.length + 1 }, (__, j) => (i === 0 ? j : j === 0 ? i : 0)),
  );
  for (let i = 1; i <= a.length; i++)
    for (let j = 1; j <= b.length; j++) {
      const cost = a[i - 1] === b[j - 1] ? 0 : 1;
      let least = Math.min(rows[i - 1]![j]! + 1, rows[i]![j - 1]! + 1, rows[i - 1]![j - 1]! + cost);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1])
        least = Math.min(least, rows[i - 2]![j - 2]! + 1);
      rows[i]![j] = least;
    }
  return rows[a.length]![b.length]!;
}
