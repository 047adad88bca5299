/**
 * The text in which A1111 keeps how a picture was made: the prompt, a line that begins with `Negative
 * prompt:`, and a last line of `Key: value, Key: value`. Its rules are those of parse_generation_parameters
 * (modules/infotext_utils.py, commit 0365002).
 */
export interface Infotext {
  readonly prompt: string;
  readonly negativePrompt: string;
  /** The last line, in its order. */
  readonly fields: ReadonlyMap<string, string>;
}

const negative = 'Negative prompt:';

/**
 * Writes a text that parseInfotext reads back. Where a prompt would be taken apart (a line of its own begins
 * with `Negative prompt:`), it stands once more among the fields, which win in every reader.
 */
export function writeInfotext({ prompt, negativePrompt, fields }: Infotext): string {
  const line = (all: ReadonlyMap<string, string>) =>
    [...all].map(([key, value]) => `${key}: ${quoted(value)}`).join(', ');
  const head = `${prompt}${negativePrompt && `\n${negative} ${negativePrompt}`}`;
  const plain = `${head}\n${line(fields)}`.trim();
  const read = parseInfotext(plain);
  const missing = new Map(fields);
  // A quoted value has a letter at least; a blank is no prompt either.
  if (tidy(read.prompt) !== tidy(prompt)) missing.set('Prompt', JSON.stringify(prompt || ' '));
  if (tidy(read.negativePrompt) !== tidy(negativePrompt))
    missing.set('Negative prompt', JSON.stringify(negativePrompt || ' '));
  return missing.size === fields.size ? plain : `${head}\n${line(missing)}`.trim();
}

/** A prompt as it is read: each of its lines without the blanks around it. */
function tidy(prompt: string): string {
  return prompt
    .trim()
    .split('\n')
    .map((line) => line.trim())
    .join('\n');
}

/** Text that the separators of the last line would take apart is written as JSON. */
function quoted(value: string): string {
  return /^"|[,\n:]/.test(value) && !isJsonText(value) ? JSON.stringify(value) : value;
}

function isJsonText(value: string): boolean {
  return value.length > 1 && value !== unquoted(value);
}

function unquoted(value: string): string {
  if (!value.startsWith('"') || !value.endsWith('"')) return value;
  try {
    return String(JSON.parse(value));
  } catch {
    return value;
  }
}

/** Fewer than these on the last line, and it belongs to the prompt. */
const fewestFields = 3;

/** Reads any text; what is no infotext is a prompt alone. */
export function parseInfotext(text: string): Infotext {
  const lines = text.trim().split('\n');
  const found = fieldsOf(lines.at(-1)!);
  if (found.length >= fewestFields) lines.pop();
  const prompts = { positive: [] as string[], negative: [] as string[] };
  let kind: keyof typeof prompts = 'positive';
  for (const each of lines) {
    let line = each.trim();
    if (line.startsWith(negative)) {
      kind = 'negative';
      line = line.slice(negative.length).trim();
    }
    // As there: blank lines before the first word are none.
    if (line !== '' || prompts[kind].length > 0) prompts[kind].push(line);
  }
  const given = found.length < fewestFields ? [] : found.filter(([, value]) => value !== '');
  const fields = new Map(given.map(([key, value]) => [key, unquoted(value)]));
  const own = {
    prompt: fields.get('Prompt') ?? prompts.positive.join('\n'),
    negativePrompt: fields.get('Negative prompt') ?? prompts.negative.join('\n'),
  };
  fields.delete('Prompt');
  fields.delete('Negative prompt');
  return { ...own, fields };
}

/**
 * What the pattern `\s*(\w[\w \-/]+):\s*("(?:\\.|[^\\"])+"|[^,]*)(?:,|$)` finds one after another, in time
 * that grows with the line alone: a run of a key's letters without a colon behind it holds no key anywhere.
 */
function fieldsOf(line: string): [key: string, value: string][] {
  const fields: [string, string][] = [];
  const run = /[\p{L}\p{N}_][\p{L}\p{N}_ \-/]*/uy;
  const gap = /[^\p{L}\p{N}_]*/uy;
  const value = /\s*(?:("(?:\\[\s\S]|[^\\"])+")(?=,|$)|([^,]*))(?:,|$)/uy;
  for (let at = 0; at < line.length; ) {
    gap.lastIndex = at;
    gap.test(line);
    run.lastIndex = gap.lastIndex;
    const key = run.exec(line)?.[0];
    if (key === undefined) break;
    at = run.lastIndex;
    if (line[at] !== ':' || key.length < 2) continue;
    value.lastIndex = at + 1;
    const [, inQuotes, plain = ''] = value.exec(line)!;
    at = value.lastIndex;
    fields.push([key, inQuotes ?? plain]);
  }
  return fields;
}
