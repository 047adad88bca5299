import cors from '@fastify/cors';
import type { FastifyInstance } from 'fastify';

/** Headers that a page may read beside the few that browsers always show. */
const exposedHeaders = [
  ...['x-request-id', 'x-cost', 'x-credits-consumed', 'x-remaining-credits', 'x-generation-time'],
  ...['x-seed-value', 'x-rate-limit-reset-at-utc', 'x-warnings', 'retry-after'],
];

/**
 * Lets pages of these origins (`*` for all) call the service from a browser. Keys travel in a header, never
 * in a cookie, so credentials stay off. Any request header is allowed: the published SDK sends some that only
 * servers should.
 */
export async function allowOrigins(app: FastifyInstance, origins: readonly string[]): Promise<void> {
  if (origins.length === 0) return;
  await app.register(cors, {
    origin: origins.includes('*') ? '*' : [...origins],
    methods: ['GET', 'HEAD', 'POST', 'DELETE'],
    exposedHeaders,
    maxAge: 600,
    strictPreflight: false,
  });
}
