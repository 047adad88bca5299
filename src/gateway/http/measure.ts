import type { FastifyInstance } from 'fastify';
import type { GatewayMetrics } from '../../metrics/gateway-metrics.ts';

/**
 * Counts every answer by its route as registered: of an address that is none, and of values in it, nothing
 * stays.
 */
export function measureAnswers(app: FastifyInstance, metrics: GatewayMetrics | undefined): void {
  app.decorateReply('refusal');
  if (metrics === undefined) return;
  app.addHook('onResponse', async (request, reply) => {
    const { method, routeOptions } = request;
    const route = routeOptions.url ?? 'none';
    metrics.answered({ route, method, status: reply.statusCode }, reply.elapsedTime / 1000);
    if (reply.refusal !== undefined) metrics.refused(reply.refusal);
  });
}

declare module 'fastify' {
  interface FastifyReply {
    /** Code of the error that it tells, as contract/errors.ts has it. */
    refusal: string | undefined;
  }
}
