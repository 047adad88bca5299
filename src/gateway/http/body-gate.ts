import type { Socket } from 'node:net';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { ApiError, apiErrors } from '../../contract/errors.ts';
import type { GatewaySettings } from '../gateway.ts';
import { plainAnswer } from './errors.ts';
import type { MemoryPool } from './memory-pool.ts';
import { assertPlain } from './read-json.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Largest form, in bytes; `bodyLimit` is that of JSON. */
    formLimit?: number;
  }
  interface FastifyRequest {
    /** Gives back the memory that its body and its picture were let in for; until then they count. */
    releaseBody: () => void;
    /** Asks for room for so many bytes more, of what it leads to. @throws ApiError unavailable */
    takeRoom: (bytes: number) => Promise<void>;
  }
}

/** Bodies below this size are always read: together they are few megabytes. */
const smallBody = 16 * 1024;
/**
 * The bytes of a JSON body in pieces and whole, or its text, what is parsed of it and what its base64 stands
 * for.
 */
const copiesOfJson = 4;
/** A file of a form, in pieces and whole. */
const copiesOfForm = 2;

/** A client that sends a body must have sent so many bytes a second on the whole, once the grace is over. */
const pace = { bytesPerSecond: 8000, graceMs: 5000, checkMs: 1000 };

/**
 * Reads the bodies of `app`'s routes, registered afterwards, only where there is memory for them, and only
 * while their clients keep a pace. Runs after whatever may refuse a request by its headers alone.
 */
export function gateBodies(app: FastifyInstance, pool: MemoryPool): void {
  app.addHook('onRequest', async (request, reply) => {
    const held: (() => void)[] = [];
    let isOver = false;
    request.releaseBody = () => {
      for (const give of held.splice(0)) give();
    };
    request.takeRoom = async (bytes) => {
      const give = await pool.take(bytes, request.owner);
      if (isOver) give();
      else held.push(give);
    };
    reply.raw.once('close', () => {
      isOver = true;
      request.releaseBody();
    });
  });
  app.addHook('preParsing', async (request, reply, payload) => {
    assertPlain(request);
    const { bodyLimit = 0, config } = request.routeOptions;
    const isForm = /^multipart\//i.test(request.headers['content-type'] ?? '');
    const limit = isForm ? (config.formLimit ?? bodyLimit) : bodyLimit;
    const declared = request.headers['content-length'];
    const bytes = declared === undefined ? limit : Number(declared);
    if (bytes > limit) throw new ApiError('tooLarge');
    if (bytes > smallBody) await request.takeRoom(bytes * (isForm ? copiesOfForm : copiesOfJson));
    keepPace(request, reply);
    return payload;
  });
}

/** Answers 408 and hangs up where a body comes too slowly. */
function keepPace({ raw }: FastifyRequest, reply: FastifyReply): void {
  const { socket } = raw;
  if (raw.complete !== false || socket === undefined) return;
  const before = socket.bytesRead;
  const startedAt = performance.now();
  const timer = setInterval(() => {
    if (raw.complete || socket.destroyed) return clearInterval(timer);
    const elapsed = performance.now() - startedAt;
    const least = (elapsed / 1000) * pace.bytesPerSecond;
    if (elapsed < pace.graceMs || socket.bytesRead - before >= least) return;
    clearInterval(timer);
    if (!reply.sent) reply.hijack();
    socket.write(plainAnswer(apiErrors.clientTimeout.status, apiErrors.clientTimeout.message));
    hangUp(socket);
  }, pace.checkMs);
  reply.raw.once('close', () => clearInterval(timer));
}

/** How long a client has to read an answer that came before the end of its body. */
const lingerMs = 1000;

/**
 * A request that is answered while its body is still on its way is not read on: the connection ends with the
 * answer. So what comes without a key costs nothing but its headers.
 */
export function leaveUnreadBodies(app: FastifyInstance): void {
  app.addHook('onSend', async ({ raw }, reply) => {
    if (raw.complete !== false) return;
    reply.header('connection', 'close');
    const { socket } = raw;
    // What Node calls once the answer is written. Closing at once would reset the connection, because there
    // is something unread, and a reset may overtake the answer.
    socket.destroySoon = () => hangUp(socket);
  });
}

/**
 * Ends a connection without reading what still comes, and without resetting it before its last answer is
 * read.
 */
export function hangUp(socket: Socket): void {
  socket.pause();
  socket.end();
  const timer = setTimeout(() => socket.destroy(), lingerMs);
  socket.once('close', () => clearTimeout(timer));
}

/** Limits of a route whose body may hold a picture. */
export function pictureLimits({ imageBodyLimit, imageJsonLimit }: GatewaySettings) {
  return {
    bodyLimit: Math.min(imageJsonLimit, imageBodyLimit),
    config: { formLimit: imageBodyLimit },
  };
}
