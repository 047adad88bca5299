import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, readdir, readFile, rename, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { InstalledModel } from '../../../src/installation/installation.ts';
import type { Log } from '../../../src/jobs/log.ts';
import { unlessAborted } from '../../../src/process/unless-aborted.ts';

/**
 * SHA-256 (hex) of a model's weight files by their names in its folder; null while it is still being
 * computed.
 */
export interface WeightHashes {
  of(model: string): Readonly<Record<string, string | null>>;
  /**
   * Of another file: at once where it is small, else null until it is computed in the background.
   */
  ofFile(file: string): Promise<string | null>;
  /** Resolves once every file is hashed or given up on. */
  readonly done: Promise<void>;
  close(): Promise<void>;
}

/** Weights and the external data of exported models. */
const weightFile = /\.(?:safetensors|onnx|onnx_data|onnx\.data|pb)$/;
/**
 * Big enough that a file of 7 GB takes few turns, small enough that a turn stays far below the lock's time.
 */
const chunkBytes = 2 ** 20;
/** Takes a tenth of a second. */
const mostAtOnce = 2 ** 26;

const keyOf = (file: string, size: number, mtimeMs: number) => `${file} ${size} ${mtimeMs}`;

/**
 * Hashes the weights of installed models in the background, one file after another, so that nothing waits for
 * it: 7 GB take half a minute from a fast disk. What is known of a file of this path, size and time is not
 * read again.
 * @param cacheFile where hashes are kept between starts; without effect where it cannot be written.
 */
export function hashWeights(
  models: readonly InstalledModel[],
  modelsDir: string,
  cacheFile: string,
  log: Log,
): WeightHashes {
  const hashes = new Map<string, Record<string, string | null>>();
  const stop = new AbortController();

  const hashOf = async (file: string): Promise<string> => {
    const { size, mtimeMs } = await stat(file);
    const key = keyOf(file, size, mtimeMs);
    const cache = await readCache(cacheFile);
    const known = cache[key];
    if (known !== undefined) return known;
    const hash = await sha256Of(file, stop.signal);
    await writeCache(cacheFile, { ...(await readCache(cacheFile)), [key]: hash }, log);
    return hash;
  };
  /** Of files that are no model's, by path, size and time; a promise while one is computed. */
  const others = new Map<string, string | Promise<string>>();
  const ofFile = async (file: string): Promise<string | null> => {
    const { size, mtimeMs } = await stat(file);
    const key = keyOf(file, size, mtimeMs);
    const isSmall = size <= mostAtOnce;
    if (!others.has(key)) {
      const hashing = isSmall ? hashOf(file) : inTurn(() => hashOf(file), stop.signal);
      others.set(key, hashing);
      hashing.then(
        (hash) => others.set(key, hash),
        () => others.delete(key),
      );
    }
    const known = others.get(key)!;
    return typeof known === 'string' || isSmall ? await known : null;
  };

  const hashAll = async (): Promise<void> => {
    const files = [];
    for (const model of models) {
      const own: Record<string, string | null> = {};
      hashes.set(model.name, own);
      for (const [name, file] of await weightFilesOf(model, modelsDir)) {
        own[name] = null;
        files.push({ own, name, file });
      }
    }
    for (const { own, name, file } of files) own[name] = await inTurn(() => hashOf(file), stop.signal);
  };
  const done = hashAll().catch((error: unknown) => {
    if (!stop.signal.aborted) log.warn({ err: error }, 'weights could not be hashed');
  });
  return {
    of: (model) => ({ ...hashes.get(model) }),
    ofFile,
    done,
    close: () => {
      stop.abort();
      return done;
    },
  };
}

let turn: Promise<unknown> = Promise.resolve();

/**
 * One file at a time in a process, whose workers hash the same ones: what one has computed the next finds in
 * the cache.
 */
function inTurn(hash: () => Promise<string>, signal: AbortSignal): Promise<string> {
  const hashed = turn.then(async () => {
    signal.throwIfAborted();
    return await hash();
  });
  turn = hashed.catch(() => undefined);
  return unlessAborted(hashed, signal, 'the worker ends before a file is hashed');
}

/** A single file in the models folder itself has no folder of its own. */
async function weightFilesOf(
  { directory, checkpoint }: InstalledModel,
  modelsDir: string,
): Promise<[name: string, file: string][]> {
  if (path.resolve(directory) === path.resolve(modelsDir)) return [[path.basename(checkpoint), checkpoint]];
  const entries = await readdir(directory, { recursive: true });
  return entries
    .filter((entry) => weightFile.test(entry))
    .sort()
    .map((entry) => [entry.split(path.sep).join('/'), path.join(directory, entry)]);
}

async function sha256Of(file: string, signal: AbortSignal): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(file, { highWaterMark: chunkBytes, signal })) hash.update(chunk);
  return hash.digest('hex');
}

async function readCache(file: string): Promise<Record<string, string>> {
  try {
    return JSON.parse(await readFile(file, 'utf8')) as Record<string, string>;
  } catch {
    return {};
  }
}

async function writeCache(file: string, cache: Record<string, string>, log: Log): Promise<void> {
  try {
    await mkdir(path.dirname(file), { recursive: true });
    await writeFile(`${file}.${process.pid}`, JSON.stringify(cache));
    await rename(`${file}.${process.pid}`, file);
  } catch (error) {
    log.info({ err: error }, 'hashes of the weights are not kept for the next start');
  }
}
