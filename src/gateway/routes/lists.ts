import type { FastifyInstance } from 'fastify';
import { listSamplers, listSchedulers, listStyles } from '../../contract/answers/lists.ts';
import { refuseOtherMethods } from '../http/errors.ts';
import { lastingAnswer } from '../http/lasting-answer.ts';

const lists = {
  '/v1/styles': listStyles,
  '/v1/schedulers': listSchedulers,
  '/v1/samplers': listSamplers,
};

/** What a client may send as `style`, `scheduler`, `sampler` and `schedule`; no key needed. */
export function listRoutes(app: FastifyInstance): void {
  for (const [path, list] of Object.entries(lists)) {
    app.get(
      path,
      lastingAnswer(() => ({
        contentType: 'application/json; charset=utf-8',
        text: JSON.stringify(list()),
        cacheControl: 'no-cache',
      })),
    );
    refuseOtherMethods(app, path, ['GET', 'HEAD']);
  }
}
