import { mkdir, open, readFile, rename, rm, stat, statfs, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { getFollowing } from './follow.ts';
import type { OnBytes } from './progress.ts';
import { sha256Of } from './sha256.ts';
import { showBytes } from './sizes.ts';

export interface DownloadOptions {
  readonly url: string;
  /** Where the whole and checked file appears; what has come so far lies beside it as `.partial`. */
  readonly file: string;
  /** Expected SHA-256, lower-case hexadecimal. Without: the one the server names, if it does. */
  readonly sha256?: string | undefined;
  /** Value of the authorization header, for the first host only. */
  readonly authorization?: string | undefined;
  readonly onBytes?: OnBytes;
  /** Tries in a row that bring no byte before giving up. */
  readonly patience?: number;
  readonly retryDelayMs?: number;
  /** Free bytes of the file system under a folder. */
  readonly freeBytes?: (folder: string) => Promise<number>;
}

export interface Downloaded {
  readonly bytes: number;
  readonly sha256: string;
  /** Bytes that were there from an earlier try of this or another process. */
  readonly resumedFrom: number;
  /** Who named the hash the bytes were held against; undefined: nobody. */
  readonly vouchedBy: 'caller' | 'server' | undefined;
}

/** Something a further try may cure. */
class TransferError extends Error {}

/** Which version of the file the partial bytes are of: a strong ETag or a date, as If-Range takes them. */
interface PartialState {
  readonly url: string;
  readonly validator: string | undefined;
}

/**
 * Fetches a file over http(s), continuing where a cut connection or an ended process stopped, and moves it
 * into place only after its hash is right.
 * @throws Error naming url and reason; a file with a wrong hash is deleted.
 */
export async function download(options: DownloadOptions): Promise<Downloaded> {
  const { url, file, patience = 5, retryDelayMs = 1000 } = options;
  const partial = `${file}.partial`;
  await mkdir(path.dirname(file), { recursive: true });
  const resumedFrom = (await knownState(partial, url)) === undefined ? 0 : await sizeOf(partial);
  let named: string | undefined;
  let fruitless = 0;
  for (;;) {
    const before = await sizeOf(partial);
    try {
      named = (await transfer(options, partial)) ?? named;
      break;
    } catch (error) {
      if (!isCurable(error)) throw error;
      fruitless = (await sizeOf(partial)) > before ? 0 : fruitless + 1;
      const reason = `${(error as Error).message}${causeOf(error as Error)}`;
      if (fruitless >= patience) throw new Error(`${url}: ${reason}; given up after ${patience} tries`);
      await setTimeout(retryDelayMs * 2 ** fruitless);
    }
  }
  const expected = options.sha256 ?? named;
  const sha256 = await sha256Of(partial);
  if (expected !== undefined && sha256 !== expected) {
    await discard(partial);
    throw new Error(`${url}: wrong SHA-256: expected ${expected}, got ${sha256}; the download was deleted`);
  }
  const bytes = await sizeOf(partial);
  await rename(partial, file);
  await rm(`${partial}.json`, { force: true });
  const vouchedBy = options.sha256 !== undefined ? 'caller' : named !== undefined ? 'server' : undefined;
  return { bytes, sha256, resumedFrom, vouchedBy };
}

/**
 * Appends what is missing.
 * @returns the hash the server names.
 * @throws TransferError where it ended early.
 */
async function transfer(options: DownloadOptions, partial: string): Promise<string | undefined> {
  const { url, authorization, onBytes } = options;
  const state = await knownState(partial, url);
  const have = state?.validator === undefined ? 0 : await sizeOf(partial);
  const { response, sha256 } = await getFollowing(
    url,
    {
      'accept-encoding': 'identity',
      ...(have > 0 && { range: `bytes=${have}-`, 'if-range': state!.validator! }),
    },
    authorization,
  );
  if (response.status === 416 && have > 0) {
    await response.body?.cancel();
    if (totalOf(response) === have) return sha256;
    await discard(partial);
    throw new TransferError('the partial file is longer than the file on the server');
  }
  if (response.status !== 200 && response.status !== 206) await refuse(url, response);
  const continues = response.status === 206;
  if (continues && !response.headers.get('content-range')?.startsWith(`bytes ${have}-`))
    throw new Error(`${url}: asked for bytes from ${have}, got ${response.headers.get('content-range')}`);
  const start = continues ? have : 0;
  const total = totalOf(response);
  await requireSpace(options, total === undefined ? 0 : total - start);
  const next: PartialState = { url, validator: validatorOf(response) };
  await writeFile(`${partial}.json`, JSON.stringify(next));

  const handle = await open(partial, continues ? 'r+' : 'w');
  let done = start;
  try {
    onBytes?.(done, total);
    for await (const piece of response.body ?? []) {
      await handle.write(piece, 0, piece.length, done);
      done += piece.length;
      onBytes?.(done, total);
    }
    await handle.sync();
  } finally {
    await handle.close();
  }
  if (total !== undefined && done !== total)
    throw new TransferError(`the connection ended after ${done} of ${total} bytes`);
  return sha256;
}

async function refuse(url: string, response: Response): Promise<never> {
  await response.body?.cancel();
  const { status } = response;
  if (status >= 500 || status === 429 || status === 408) throw new TransferError(`status ${status}`);
  const hint =
    status === 401 || status === 403
      ? '; a gated file needs its licence accepted on the web page and a token in HF_TOKEN'
      : '';
  throw new Error(`${url}: status ${status}${hint}`);
}

async function requireSpace(
  { file, freeBytes = freeBytesOf }: DownloadOptions,
  needed: number,
): Promise<void> {
  const free = await freeBytes(path.dirname(file));
  if (needed > free)
    throw new Error(
      `${path.dirname(file)}: ${showBytes(needed)} are still to come and ${showBytes(free)} are free`,
    );
}

async function freeBytesOf(folder: string): Promise<number> {
  const { bavail, bsize } = await statfs(folder);
  return bavail * bsize;
}

function totalOf(response: Response): number | undefined {
  const text =
    response.status === 200
      ? response.headers.get('content-length')
      : response.headers.get('content-range')?.split('/')[1];
  return text && /^\d+$/.test(text) ? Number(text) : undefined;
}

function validatorOf({ headers }: Response): string | undefined {
  const etag = headers.get('etag');
  return (etag?.startsWith('W/') ? undefined : etag) ?? headers.get('last-modified') ?? undefined;
}

async function knownState(partial: string, url: string): Promise<PartialState | undefined> {
  const text = await readFile(`${partial}.json`, 'utf8').catch(() => undefined);
  if (text === undefined) return undefined;
  const state: PartialState = JSON.parse(text);
  return state.url === url ? state : undefined;
}

async function sizeOf(file: string): Promise<number> {
  return stat(file).then(
    ({ size }) => size,
    () => 0,
  );
}

async function discard(partial: string): Promise<void> {
  for (const file of [partial, `${partial}.json`]) await rm(file, { force: true });
}

/** fetch reports a refused, reset or cut connection as a TypeError. */
function isCurable(error: unknown): boolean {
  return error instanceof TransferError || error instanceof TypeError;
}

function causeOf({ cause }: Error): string {
  return cause instanceof Error ? ` (${cause.message})` : '';
}
