import type { Socket } from 'node:net';
import type { FastifyInstance } from 'fastify';
import { hangUp } from './body-gate.ts';
import { clientNetwork } from './client-network.ts';
import { plainAnswer } from './errors.ts';

export interface ConnectionLimits {
  /** Open connections of everybody together. */
  readonly most: number;
  /** Of one address (of one /64 network with IPv6); undefined where proxies hide them. */
  readonly mostPerAddress: number | undefined;
}

/** Connections beyond the limits are told 503 and ended before anything of them is read. */
export function limitConnections(app: FastifyInstance, { most, mostPerAddress }: ConnectionLimits): void {
  const open = new Map<string, number>();
  let count = 0;
  app.server.prependListener('connection', (socket: Socket) => {
    const address = clientNetwork(socket.remoteAddress ?? '');
    const ofAddress = (open.get(address) ?? 0) + 1;
    count += 1;
    open.set(address, ofAddress);
    socket.once('close', () => {
      count -= 1;
      const left = open.get(address)! - 1;
      if (left > 0) open.set(address, left);
      else open.delete(address);
    });
    const isOver = count > most;
    if (!isOver && ofAddress <= (mostPerAddress ?? most)) return;
    const whose = isOver ? 'This server' : 'This address';
    socket.write(plainAnswer(503, `${whose} has too many open connections; try again later`));
    hangUp(socket);
  });
}
