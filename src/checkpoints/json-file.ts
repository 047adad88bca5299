import { CheckpointError } from './checkpoint-error.ts';
import { readRegularFile } from './regular-file.ts';

/** No published config or shard index comes near this. */
const maximumBytes = 32 * 2 ** 20;

export type JsonObject = Readonly<Record<string, unknown>>;

/**
 * Refuses a key that occurs twice in one object: JSON.parse would silently keep the last. `text` must be
 * valid JSON. A scan by hand: a regular expression over a string of megabytes runs out of stack.
 */
function refuseDuplicateKeys(text: string, file: string): void {
  const open: (Set<string> | undefined)[] = [];
  for (let at = 0; at < text.length; at++) {
    const character = text[at];
    if (character === '{') open.push(new Set());
    else if (character === '[') open.push(undefined);
    else if (character === '}' || character === ']') open.pop();
    else if (character === '"') {
      const end = endOfString(text, at);
      if (isBeforeColon(text, end)) {
        const key: string = JSON.parse(text.slice(at, end));
        if (open.at(-1)?.has(key)) throw new CheckpointError(`${file}: the key "${key}" occurs twice`);
        open.at(-1)?.add(key);
      }
      at = end - 1;
    }
  }
}

/** Index after the closing quote of the string that begins at `begin`; 0 where there is none. */
function endOfString(text: string, begin: number): number {
  let quote = text.indexOf('"', begin + 1);
  while (quote !== -1 && isEscaped(text, quote)) quote = text.indexOf('"', quote + 1);
  return quote + 1;
}

function isEscaped(text: string, at: number): boolean {
  let first = at;
  while (text[first - 1] === '\\') first--;
  return (at - first) % 2 === 1;
}

function isBeforeColon(text: string, at: number): boolean {
  let next = at;
  while (text[next] === ' ' || text[next] === '\n' || text[next] === '\r' || text[next] === '\t') next++;
  return text[next] === ':';
}

/**
 * Parses JSON whose top level must be an object without duplicate keys.
 * @throws CheckpointError naming the file.
 */
export function parseJsonObject(text: string, file: string): JsonObject {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new CheckpointError(`${file}: not valid JSON: ${(cause as Error).message}`, { cause });
  }
  if (!isJsonObject(value)) throw new CheckpointError(`${file}: must hold a JSON object`);
  refuseDuplicateKeys(text, file);
  return value;
}

/**
 * Python's json module writes and reads numbers that JSON does not have; diffusers' DPM-Solver configs hold
 * -Infinity. Outside of strings they become what JSON.parse reads so.
 */
function withoutPythonNumbers(text: string): string {
  if (!/Infinity|NaN/.test(text)) return text;
  const pieces: string[] = [];
  for (let at = 0; at < text.length; ) {
    const quote = text.indexOf('"', at);
    const outside = text.slice(at, quote === -1 ? text.length : quote);
    pieces.push(outside.replaceAll('Infinity', '1e999').replaceAll('NaN', 'null'));
    if (quote === -1) break;
    const end = endOfString(text, quote);
    if (end === 0) return text;
    pieces.push(text.slice(quote, end));
    at = end;
  }
  return pieces.join('');
}

/**
 * Reads a file of JSON as Python reads it; a byte order mark before it, which editors on Windows write, is no
 * part of it (RFC 8259, section 8.1).
 * @throws CheckpointError naming the file if it is missing, no regular file, too large or not a JSON object.
 */
export async function readJsonObject(file: string): Promise<JsonObject> {
  const text = await readRegularFile(file, maximumBytes);
  return parseJsonObject(withoutPythonNumbers(text.replace(/^\uFEFF/, '')), file);
}

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
