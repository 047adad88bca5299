import type { FastifyInstance } from 'fastify';

/**
 * Answers belong to one key and one moment, so no cache keeps one unless its route says so; and no browser
 * takes one for anything but what it is declared as.
 */
export const answerHeaders = { 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' };

export function declareAnswers(app: FastifyInstance): void {
  app.addHook('onSend', async (_, reply) => {
    for (const [name, value] of Object.entries(answerHeaders))
      if (!reply.hasHeader(name)) reply.header(name, value);
  });
}
