import type { FastifyInstance } from 'fastify';
import { listSchedulers, listStyles } from '../../contract/lists.ts';
import { refuseOtherMethods } from '../http/errors.ts';

/** What a client may send as `style` and `scheduler`; no key needed. */
export function listRoutes(app: FastifyInstance): void {
  app.get('/v1/styles', async () => listStyles());
  app.get('/v1/schedulers', async () => listSchedulers());
  for (const path of ['/v1/styles', '/v1/schedulers']) refuseOtherMethods(app, path, ['GET', 'HEAD']);
}
