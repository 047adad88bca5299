import type { IncomingMessage, ServerResponse } from 'node:http';
import type { FastifyInstance } from 'fastify';

/**
 * A client that asks with `Expect: 100-continue` is told to send its body once somebody reads it. Node tells
 * it at once, before its key, its headers and the room for its body have been looked at: a refusal would come
 * after the whole body.
 */
export function askForBodiesLate({ server }: FastifyInstance): void {
  server.on('checkContinue', (request: IncomingMessage, response: ServerResponse) => {
    const read = request._read.bind(request);
    request._read = (size) => {
      request._read = read;
      // What is left of a body is thrown away after the answer, by reading it.
      if (!response.headersSent) response.writeContinue();
      read(size);
    };
    server.emit('request', request, response);
  });
}
