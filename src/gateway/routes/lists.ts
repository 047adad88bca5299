import type { FastifyInstance } from 'fastify';
import { listSamplers, listSchedulers, listStyles } from '../../contract/answers/lists.ts';
import { gzipText } from '../http/compression.ts';
import { refuseOtherMethods } from '../http/errors.ts';

/** What a client may send as `style`, `scheduler`, `sampler` and `schedule`; no key needed. */
export function listRoutes(app: FastifyInstance): void {
  app.get('/v1/styles', { onSend: gzipText }, async () => listStyles());
  app.get('/v1/schedulers', { onSend: gzipText }, async () => listSchedulers());
  app.get('/v1/samplers', { onSend: gzipText }, async () => listSamplers());
  for (const path of ['/v1/styles', '/v1/schedulers', '/v1/samplers'])
    refuseOtherMethods(app, path, ['GET', 'HEAD']);
}
