import type { IncomingHttpHeaders } from 'node:http';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { RequestOrigin } from '../../contract/generation.ts';
import { isTraceparent } from '../../tracing/traceparent.ts';
import type { TracedSpan, Tracing } from '../../tracing/tracing.ts';

/** What a client may call its request in our logs: no text that could break a line or hold a prompt. */
function clientIdIn(headers: IncomingHttpHeaders): string | undefined {
  const text = headers['x-request-id'];
  return typeof text === 'string' && /^[\w.:+/=-]{1,128}$/.test(text) ? text : undefined;
}

/** Asked every few seconds by machines. */
const probes = /^\/(healthz|health|v1\/health|readyz)$/;

/**
 * Gives every request an origin that follows it to the worker: what its client calls it (`x-request-id`), for
 * the logs, and the trace that it belongs to (`traceparent`, or a new one).
 */
export function traceRequests(app: FastifyInstance, tracing: Tracing | undefined): void {
  app.decorateRequest('origin');
  const spans = new WeakMap<FastifyRequest, TracedSpan>();
  app.setChildLoggerFactory((logger, bindings, options, { headers }) => {
    const clientId = clientIdIn(headers);
    return logger.child(clientId === undefined ? bindings : { ...bindings, clientId }, options);
  });

  app.addHook('onRequest', async (request) => {
    const { headers, method, routeOptions } = request;
    const clientId = clientIdIn(headers);
    const given = headers.traceparent;
    const parent = typeof given === 'string' && isTraceparent(given) ? given : undefined;
    const route = routeOptions.url ?? 'none';
    const span = probes.test(route)
      ? undefined
      : tracing?.begin(`${method} ${route}`, {
          kind: 'SERVER',
          parent,
          // https://opentelemetry.io/docs/specs/semconv/http/http-spans/
          attributes: { 'http.request.method': method, 'http.route': route, 'url.scheme': request.protocol },
        });
    if (span !== undefined) spans.set(request, span);
    request.origin = {
      ...(clientId !== undefined && { clientId }),
      ...(span && { traceparent: span.traceparent }),
    };
  });

  app.addHook('onResponse', async (request, reply) => {
    const span = spans.get(request);
    if (span === undefined) return;
    span.set({ 'http.response.status_code': reply.statusCode });
    if (reply.statusCode >= 500) span.fail(reply.refusal ?? String(reply.statusCode));
    span.end();
  });
}

declare module 'fastify' {
  interface FastifyRequest {
    origin: RequestOrigin;
  }
}
