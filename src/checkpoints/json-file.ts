import { readFile, stat } from 'node:fs/promises';
import { CheckpointError } from './checkpoint-error.ts';

/** No published config or shard index comes near this. */
const maximumBytes = 32 * 2 ** 20;

export type JsonObject = Readonly<Record<string, unknown>>;

/**
 * Refuses a key that occurs twice in one object: JSON.parse would silently keep the last. `text` must be
 * valid JSON.
 */
export function refuseDuplicateKeys(text: string, file: string): void {
  const open: (Set<string> | undefined)[] = [];
  for (const [token, colon] of text.matchAll(/"(?:[^"\\]|\\.)*"(\s*:)?|[{}[\]]/g)) {
    if (token === '{') open.push(new Set());
    else if (token === '[') open.push(undefined);
    else if (token === '}' || token === ']') open.pop();
    else if (colon !== undefined) {
      const key: string = JSON.parse(token.slice(0, -colon.length));
      if (open.at(-1)?.has(key)) throw new CheckpointError(`${file}: the key "${key}" occurs twice`);
      open.at(-1)?.add(key);
    }
  }
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
 * @throws CheckpointError naming the file if it is missing, no regular file, too large or not a JSON object.
 */
export async function readJsonObject(file: string): Promise<JsonObject> {
  const status = await stat(file).catch((cause: NodeJS.ErrnoException) => {
    throw new CheckpointError(`${file}: ${cause.code === 'ENOENT' ? 'missing' : cause.message}`, { cause });
  });
  if (!status.isFile()) throw new CheckpointError(`${file}: not a regular file`);
  if (status.size > maximumBytes)
    throw new CheckpointError(`${file}: ${status.size} bytes of JSON, the limit is ${maximumBytes}`);
  return parseJsonObject(await readFile(file, 'utf8'), file);
}

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
