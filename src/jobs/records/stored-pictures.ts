import { randomBytes } from 'node:crypto';
import type { GeneratedImage } from '../../contract/generation.ts';
import type { OutputFormat } from '../../images/output-formats.ts';
import type { ResultStore } from '../../results/result-store.ts';
import type { Connection } from '../redis/connection.ts';
import { keyOf } from '../redis/names.ts';

/**
 * Pictures live under keys of their own: inside a job they would stay in BullMQ's event stream, several
 * megabytes each, long after the job is removed.
 */

const extensionOf: Record<OutputFormat, string> = { jpeg: 'jpg', png: 'png', webp: 'webp' };
const contentTypeOf: Record<string, GeneratedImage['contentType']> = {
  jpg: 'image/jpeg',
  png: 'image/png',
  webp: 'image/webp',
};
const outputPath = /^[0-9a-f-]{36}\/[0-9a-f]{32}-\d+\.(jpg|png|webp)$/;

type Pictures = readonly { readonly bytes: Uint8Array; readonly seed: number }[];

/**
 * What the pictures of one attempt will be stored as, under `<id>/<token>-<i>.<extension>`. The token (128
 * random bits) is what protects them: the public address needs no API key.
 */
export function outputsOf(id: string, pictures: Pictures, format: OutputFormat): GeneratedImage[] {
  const token = randomBytes(16).toString('hex');
  const extension = extensionOf[format];
  return pictures.map(({ bytes, seed }, index) => ({
    path: `${id}/${token}-${index}.${extension}`,
    contentType: contentTypeOf[extension]!,
    byteLength: bytes.byteLength,
    seed,
  }));
}

/** @param store where pictures are kept if not in Redis: then they must be there (see keepOutputs). */
export async function storeOutputs(
  redis: Connection,
  images: readonly GeneratedImage[],
  pictures: Pictures,
  retentionSeconds: number,
  store?: ResultStore,
): Promise<void> {
  await Promise.all(
    images.map(({ path }, index) => {
      const value = store ? `${keptIn}${store.name}` : Buffer.from(pictures[index]!.bytes);
      return redis.set(keyOf.output(path), value, 'EX', retentionSeconds);
    }),
  );
}

/** What the key of a picture that is kept elsewhere begins with; no picture does. */
const keptIn = 'kept in ';

export async function deleteOutputs(redis: Connection, images: readonly GeneratedImage[]): Promise<void> {
  if (images.length > 0) await redis.del(images.map(({ path }) => keyOf.output(path)));
}

/**
 * The picture under a public path, or undefined when the path is malformed, unknown or expired.
 * @param store where this process is told that pictures are kept if not in Redis.
 * @throws StoreError where it cannot be read now.
 */
export async function readOutput(
  redis: Connection,
  path: string,
  store?: ResultStore,
): Promise<{ bytes: Buffer; contentType: string } | undefined> {
  const extension = outputPath.exec(path)?.[1];
  if (extension === undefined) return undefined;
  const value = await redis.getBuffer(keyOf.output(path));
  if (value === null) return undefined;
  const bytes = value.subarray(0, keptIn.length).equals(Buffer.from(keptIn))
    ? await readKept(path, value.toString().slice(keptIn.length), store)
    : value;
  return bytes && { bytes, contentType: contentTypeOf[extension]! };
}

async function readKept(path: string, name: string, store?: ResultStore): Promise<Buffer | undefined> {
  if (store?.name !== name)
    throw new Error(`a picture is kept in ${name}, but RESULTS of this process is ${store?.name ?? 'redis'}`);
  return await store.get(path);
}

/** An address in the store itself for as long as the picture is kept; undefined where there is none. */
export async function linkToOutput(
  redis: Connection,
  path: string,
  { name, link }: ResultStore,
): Promise<string | undefined> {
  if (link === undefined || !outputPath.test(path)) return undefined;
  const [value, leftMs] = await Promise.all([redis.get(keyOf.output(path)), redis.pttl(keyOf.output(path))]);
  return value === `${keptIn}${name}` && leftMs > 0 ? await link(path, leftMs / 1000) : undefined;
}

/** An input picture whose request is not accepted is gone after this long. */
const inputSeconds = 120;

/**
 * Keeps the decoded input picture (PNG) until its request is accepted, which then keeps it to its end;
 * returns its key.
 */
export async function storeInput(redis: Connection, id: string, png: Uint8Array): Promise<string> {
  const key = keyOf.input(id);
  await redis.set(key, Buffer.from(png), 'EX', inputSeconds);
  return key;
}

export async function readInput(redis: Connection, key: string): Promise<Buffer | undefined> {
  return (await redis.getBuffer(key)) ?? undefined;
}

/** A preview outlives its request by this much at most, and one that a dying worker left behind too. */
const previewSeconds = 120;

/**
 * Keeps the latest small JPEG of a picture on its way; it does not travel in BullMQ's event stream for the
 * reason above.
 */
export async function storePreview(redis: Connection, id: string, jpeg: Uint8Array): Promise<void> {
  await redis.set(keyOf.preview(id), Buffer.from(jpeg), 'EX', previewSeconds);
}

export async function readPreview(redis: Connection, id: string): Promise<Buffer | undefined> {
  return (await redis.getBuffer(keyOf.preview(id))) ?? undefined;
}

export async function deletePreview(redis: Connection, id: string): Promise<void> {
  await redis.del(keyOf.preview(id));
}
