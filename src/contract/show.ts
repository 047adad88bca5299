/** Of an object or array, this many characters are ever written; each level takes one at least. */
const room = 80;

/**
 * A value as the client wrote it in JSON, cut where it is long: for messages. Whatever it is given (nested a
 * million deep, endlessly wide, holding itself) it answers with at most about 110 characters, and soon.
 */
export function show(value: unknown): string {
  if (typeof value === 'string') return cut(JSON.stringify(value));
  if (!isGroup(value)) return cut(literal(value));
  const text = written(value, room + 1);
  if (text.length <= room) return text;
  const size = Array.isArray(value) ? ` (array of ${value.length})` : '';
  return `${text.slice(0, room - 3)}...${size}`;
}

function cut(text: string): string {
  return text.length <= room ? text : `${text.slice(0, room - 3)}... (${text.length} characters)`;
}

function isGroup(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

/** Anything but objects, arrays and text. JSON has no word for the number 1e999. */
function literal(value: unknown): string {
  return typeof value === 'bigint' ? `${value}n` : String(value);
}

/** JSON of a value, complete where it has at most `left` characters. */
function written(value: unknown, left: number): string {
  if (left <= 0) return '';
  if (typeof value === 'string') return JSON.stringify(value.slice(0, left));
  if (!isGroup(value)) return literal(value);
  const isArray = Array.isArray(value);
  let text = isArray ? '[' : '{';
  for (const name in value) {
    if (text.length > left) return text;
    if (!Object.hasOwn(value, name)) continue;
    if (text.length > 1) text += ',';
    if (!isArray) text += `${JSON.stringify(name.slice(0, left))}:`;
    text += written((value as Readonly<Record<string, unknown>>)[name], left - text.length);
  }
  return text + (isArray ? ']' : '}');
}
