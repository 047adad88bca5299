import type { FastifyReply } from 'fastify';

/** Aborts when the connection has ended before the answer, and after it: nobody waits any more. */
export function clientGone(reply: FastifyReply): AbortSignal {
  const gone = new AbortController();
  reply.raw.once('close', () => gone.abort());
  return gone.signal;
}
