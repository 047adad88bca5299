import { createHash } from 'node:crypto';
import { appendFileSync, existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';

/**
 * What a lab has computed so far, in a folder: a journal with one line of JSON a result, and a file per array
 * or picture. A result is found by the key of everything that decides it, so a run that was interrupted, or
 * is asked again with more steps, seeds or names, computes only what is new.
 */
export interface Store {
  get<T>(key: string): T | undefined;
  /** Files first, the journal line last: a result with a line is complete. */
  put(
    key: string,
    value: unknown,
    files?: { readonly latents?: Float32Array; readonly picture?: Uint8Array },
  ): void;
  latents(key: string): Float32Array;
  /** WebP. */
  picture(key: string): Buffer;
}

/** The key of a result: a hash of what decides it. Properties must always come in the same order. */
export function keyOf(decides: Readonly<Record<string, unknown>>): string {
  return createHash('sha256').update(JSON.stringify(decides)).digest('hex').slice(0, 24);
}

/** @throws Error naming the folder where it cannot be written. */
export function openStore(directory: string): Store {
  try {
    for (const folder of ['latents', 'pictures'])
      mkdirSync(path.join(directory, folder), { recursive: true });
  } catch (cause) {
    throw new Error(`--out: ${directory} cannot be written: ${(cause as Error).message}`, { cause });
  }
  const journal = path.join(directory, 'journal.jsonl');
  const results = readJournal(journal);
  const latentsFile = (key: string) => path.join(directory, 'latents', `${key}.f32`);
  const pictureFile = (key: string) => path.join(directory, 'pictures', `${key}.webp`);
  return {
    get: <T>(key: string) => results.get(key) as T | undefined,
    put(key, value, { latents, picture } = {}) {
      if (latents !== undefined)
        replaceFile(latentsFile(key), new Uint8Array(latents.buffer, latents.byteOffset, latents.byteLength));
      if (picture !== undefined) replaceFile(pictureFile(key), picture);
      results.set(key, value);
      appendFileSync(journal, `${JSON.stringify([key, value])}\n`);
    },
    latents(key) {
      const { buffer, byteOffset, byteLength } = readFileSync(latentsFile(key));
      return new Float32Array(buffer.slice(byteOffset, byteOffset + byteLength));
    },
    picture: (key) => readFileSync(pictureFile(key)),
  };
}

function replaceFile(file: string, bytes: Uint8Array): void {
  writeFileSync(`${file}.part`, bytes);
  renameSync(`${file}.part`, file);
}

/**
 * A last line that was cut off in the middle of writing is dropped from the file; the result is computed
 * again.
 */
function readJournal(file: string): Map<string, unknown> {
  const results = new Map<string, unknown>();
  if (!existsSync(file)) return results;
  const text = readFileSync(file, 'utf8');
  const whole = text.slice(0, text.lastIndexOf('\n') + 1);
  if (whole !== text) writeFileSync(file, whole);
  for (const [index, line] of whole.split('\n').slice(0, -1).entries()) {
    try {
      const [key, value] = JSON.parse(line) as [string, unknown];
      results.set(key, value);
    } catch (cause) {
      throw new Error(`${file}: line ${index + 1} is not of a lab's journal; delete the file to begin anew`, {
        cause,
      });
    }
  }
  return results;
}
