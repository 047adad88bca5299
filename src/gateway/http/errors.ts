import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { ApiError, apiErrors } from '../../contract/errors.ts';
import type { ResponseBody } from '../../contract/openapi/response-schemas.ts';
import { isUnavailable } from '../../jobs/redis/unavailable.ts';
import { StoreError } from '../../results/result-store.ts';
import { answerHeaders } from './answer-headers.ts';

/** Seconds after which a refused client should come back. */
const retryAfterSeconds = 5;

/**
 * What the client learns of any error. What is not meant for clients keeps its text as the cause, for the
 * log.
 */
export function toApiError(error: unknown): ApiError {
  if (error instanceof ApiError) return error;
  if (isUnavailable(error) || error instanceof StoreError)
    return new ApiError('unavailable', undefined, { cause: error });
  const status = (error as { statusCode?: unknown } | null)?.statusCode;
  if (status === 413) return new ApiError('tooLarge', undefined, { cause: error });
  if (status === 415 || status === 406) return new ApiError('contentType', undefined, { cause: error });
  if (typeof status === 'number' && status >= 400 && status < 500)
    return new ApiError('malformedBody', undefined, { cause: error });
  return new ApiError('internal', undefined, { cause: error });
}

/** Logs what is not the client's fault, and sets the headers of the answer. */
export function reportError(error: unknown, request: FastifyRequest, reply: FastifyReply): ApiError {
  const known = toApiError(error);
  reply.refusal = known.code;
  if (known.status >= 500 && known.code !== 'deadline')
    request.log.error({ err: known.cause ?? known }, 'request failed');
  if (known.status === 429 || known.status === 502 || known.status === 503)
    reply.header('retry-after', retryAfterSeconds);
  reply.headers(known.headers);
  return known;
}

async function sendError(error: unknown, request: FastifyRequest, reply: FastifyReply): Promise<void> {
  const { status, message } = reportError(error, request, reply);
  await reply
    .code(status)
    .type('application/json')
    .send({ error: message } satisfies ResponseBody<'Error'>);
}

/** What the router itself refuses, before there is a route: an address it cannot decode or match. */
export async function sendRouterError(
  error: Error & { code?: string },
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<void> {
  const known =
    error.code === 'FST_ERR_MAX_PARAM_LENGTH'
      ? unknownPath(request)
      : error.code === 'FST_ERR_BAD_URL'
        ? new ApiError('malformedBody', 'The address cannot be decoded')
        : error;
  // Hooks have not run for it.
  reply.headers(answerHeaders);
  await sendError(known, request, reply);
}

/** One error handler, and a 404 that comes before any body is read. */
export function installErrorHandling(app: FastifyInstance): void {
  app.setErrorHandler(sendError);
  app.addHook('onRequest', async (request) => {
    if (request.is404) throw unknownPath(request);
  });
  app.setNotFoundHandler((request) => {
    throw unknownPath(request);
  });
}

/** Of an address that leads nowhere. */
export function unknownPath(request: FastifyRequest): ApiError {
  const path = request.url.split('?', 1)[0]!.slice(0, 200);
  return new ApiError('notFound', `There is no ${request.method} ${path} here`);
}

/** The published service answers a wrong verb with an HTML page. */
export function refuseOtherMethods(app: FastifyInstance, url: string, allowed: readonly string[]): void {
  const method = app.supportedMethods.filter((each) => !allowed.includes(each));
  const title = `405 ${apiErrors.methodNotAllowed.message}`;
  const page = `<!doctype html>\n<html lang="en"><head><title>${title}</title></head><body><h1>${title}</h1></body></html>\n`;
  app.route({
    method,
    url,
    onRequest: async (_, reply) => {
      await reply.code(405).header('allow', allowed.join(', ')).type('text/html; charset=utf-8').send(page);
      return reply;
    },
    handler: async () => undefined,
  });
}

/**
 * The same as the error handler of `app` writes it, for clients of other protocols, which read nothing else.
 */
export function refuseOtherMethodsInJson(
  app: FastifyInstance,
  url: string,
  allowed: readonly string[],
): void {
  app.route({
    method: app.supportedMethods.filter((each) => !allowed.includes(each)),
    url,
    onRequest: async (_, reply) => {
      reply.header('allow', allowed.join(', '));
      throw new ApiError('methodNotAllowed');
    },
    handler: async () => undefined,
  });
}

/** Answers what never became a request: broken HTTP, headers too long, a client too slow. */
export function answerClientError(error: NodeJS.ErrnoException, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const { status, message } =
    error.code === 'ERR_HTTP_REQUEST_TIMEOUT'
      ? apiErrors.clientTimeout
      : error.code === 'HPE_HEADER_OVERFLOW'
        ? apiErrors.headersTooLarge
        : { status: 400, message: 'The request is not valid HTTP' };
  socket.end(plainAnswer(status, message));
}

/** A whole HTTP/1.1 answer of its own, for what must not get as far as the routes. */
export function plainAnswer(status: number, message: string): string {
  const body = JSON.stringify({ error: message });
  const headers = {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(body),
    connection: 'close',
    ...(status === 503 && { 'retry-after': retryAfterSeconds }),
    ...answerHeaders,
  };
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  return `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${lines.join('')}\r\n${body}`;
}

/**
 * RFC 9112, section 3.2: a request with several Host headers is a 400, since a proxy before this server may
 * have believed another of them. Registered before everything else.
 */
export function refuseSeveralHosts(app: FastifyInstance): void {
  app.addHook('onRequest', async ({ raw }, reply) => {
    const hosts = raw.rawHeaders.filter((name, index) => index % 2 === 0 && /^host$/i.test(name));
    if (hosts.length <= 1) return;
    reply.hijack();
    raw.socket.end(plainAnswer(400, 'The request has more than one Host header'));
  });
}
