import type { Socket } from 'node:net';
import type { FastifyInstance } from 'fastify';

/** How long a connection without a request may still bring one once closing has begun. */
const silenceMs = 500;
/**
 * How long a client may still take to send a request or to receive an answer; what waits for a result is
 * answered at once.
 */
const patienceMs = 5000;

/**
 * Closing waits for connections, not for requests. Node ends those that have had an answer and are idle;
 * ended here are the others that nothing is owed: one that was busy when closing began, after its answer, and
 * one that has never sent a byte (browsers open such connections in advance), which Node would wait for as if
 * its first request were on its way. Those that are owed something but are too slow to take it are ended too.
 */
export function hangUpWhenClosing(app: FastifyInstance): void {
  let closing = false;
  const open = new Set<Socket>();
  const expectRequest = (socket: Socket): void => {
    const timer = setTimeout(() => {
      if (socket.bytesRead === 0) socket.destroy();
    }, silenceMs);
    socket.once('close', () => clearTimeout(timer));
  };
  app.server.on('connection', (socket: Socket) => {
    open.add(socket);
    socket.once('close', () => open.delete(socket));
    if (closing) expectRequest(socket);
  });
  app.addHook('preClose', async () => {
    closing = true;
    for (const socket of open) if (socket.bytesRead === 0) expectRequest(socket);
    setTimeout(() => {
      for (const socket of open) socket.destroy();
    }, patienceMs).unref();
  });
  app.addHook('onSend', async (_, reply) => {
    if (closing) reply.header('connection', 'close');
  });
}
