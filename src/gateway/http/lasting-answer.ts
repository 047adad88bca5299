import { createHash } from 'node:crypto';
import { promisify } from 'node:util';
import { brotliCompress, constants, gzip } from 'node:zlib';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { acceptedEncoding } from './compression.ts';

/** Nearly the size of the highest quality, in a tenth of its time. */
const brotliQuality = { params: { [constants.BROTLI_PARAM_QUALITY]: 9 } };
const encoders = {
  br: (bytes: Buffer) => promisify(brotliCompress)(bytes, brotliQuality),
  gzip: promisify(gzip),
};
type Encoding = keyof typeof encoders;
const encodings = Object.keys(encoders) as Encoding[];

/** An answer that stays the same for as long as this process runs. */
export interface LastingAnswer {
  readonly contentType: string;
  readonly text: string;
  /** Headers beside those of content and caching. */
  readonly headers?: Readonly<Record<string, string>>;
  /** How long a cache may take it without asking again. */
  readonly cacheControl: string;
}

/**
 * Handler of a route with one answer: it is made when first asked for, compressed once in each encoding, and
 * not sent again to who has it (RFC 9110, 13.1.2).
 */
export function lastingAnswer(make: () => LastingAnswer | Promise<LastingAnswer>) {
  let made: Promise<Lasting> | undefined;
  const find = async (): Promise<Lasting> => {
    made ??= (async () => prepare(await make()))();
    try {
      return await made;
    } catch (error) {
      made = undefined;
      throw error;
    }
  };
  return async (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> => {
    const { contentType, cacheControl, headers, etag, plain, encoded } = await find();
    const isThere = isKnown(request, etag);
    const encoding = isThere ? undefined : acceptedEncoding(request, encodings);
    const bytes = encoding === undefined ? plain : await encoded(encoding);
    reply.headers({ ...headers, etag, 'cache-control': cacheControl, vary: 'accept-encoding' });
    if (isThere) return reply.code(304).send();
    if (encoding !== undefined) reply.header('content-encoding', encoding);
    return reply.type(contentType).send(bytes);
  };
}

interface Lasting extends Omit<LastingAnswer, 'text'> {
  readonly etag: string;
  readonly plain: Buffer;
  encoded(encoding: Encoding): Promise<Buffer>;
}

function prepare({ text, ...about }: LastingAnswer): Lasting {
  const plain = Buffer.from(text);
  const made = new Map<Encoding, Promise<Buffer>>();
  const encoded = (encoding: Encoding) => {
    const one = made.get(encoding) ?? encoders[encoding](plain);
    made.set(encoding, one);
    return one;
  };
  return { ...about, plain, encoded, etag: etagOf(plain) };
}

/** A weak validator: the same in every encoding (RFC 9110, 8.8.1). */
export function etagOf(content: string | Uint8Array): string {
  return `W/"${createHash('sha256').update(content).digest('hex').slice(0, 32)}"`;
}

/**
 * Whether the client says that it has what bears this validator: one of a list, or `*`, compared weakly
 * (RFC 9110, 13.1.2).
 */
export function isKnown({ headers }: Pick<FastifyRequest, 'headers'>, etag: string): boolean {
  const asked = headers['if-none-match'];
  if (asked === undefined) return false;
  const opaque = (validator: string) => validator.trim().replace(/^W\//, '');
  return asked.trim() === '*' || asked.split(',').some((each) => opaque(each) === opaque(etag));
}
