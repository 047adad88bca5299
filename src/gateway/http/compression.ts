import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import type { FastifyReply, FastifyRequest } from 'fastify';

const compress = promisify(gzip);
/** What is smaller travels in one packet as it is. */
const leastBytes = 1024;

/** The first of these encodings that a client takes (RFC 9110, 12.5.3); undefined for the answer as it is. */
export function acceptedEncoding<Encoding extends string>(
  { headers }: Pick<FastifyRequest, 'headers'>,
  encodings: readonly Encoding[],
): Encoding | undefined {
  const accepted = String(headers['accept-encoding'] ?? '')
    .split(',')
    .map((each) => each.trim().toLowerCase())
    .filter((each) => !/;\s*q=0(\.0*)?$/.test(each))
    .map((each) => each.split(';', 1)[0]);
  return encodings.find((encoding) => accepted.includes(encoding));
}

/** Route option `onSend`: a text goes out compressed to who takes it so. Not for what holds secrets. */
export async function gzipText(
  request: FastifyRequest,
  reply: FastifyReply,
  payload: unknown,
): Promise<unknown> {
  if (typeof payload !== 'string' || payload.length < leastBytes) return payload;
  reply.header('vary', 'accept-encoding');
  if (acceptedEncoding(request, ['gzip']) === undefined) return payload;
  reply.header('content-encoding', 'gzip').removeHeader('content-length');
  return await compress(payload);
}
