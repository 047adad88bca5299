import type { FastifyInstance } from 'fastify';
import { ApiError } from '../../contract/errors.ts';
import { readOutput } from '../../jobs/records/stored-pictures.ts';
import type { Gateway } from '../gateway.ts';
import { refuseOtherMethods } from '../http/errors.ts';

/**
 * `GET /outputs/<request id>/<token>-<i>.<ext>`: no key needed, clients download without one; the token
 * cannot be guessed.
 */
export function outputRoutes(app: FastifyInstance, { producer }: Gateway): void {
  app.get<{ Params: { '*': string } }>('/outputs/*', async (request, reply) => {
    const picture = await readOutput(producer.redis, request.params['*']);
    if (picture === undefined) throw new ApiError('notFound', 'There is no such picture, or it has expired');
    return reply
      .type(picture.contentType)
      .header('cache-control', 'private, max-age=3600, immutable')
      .send(picture.bytes);
  });
  refuseOtherMethods(app, '/outputs/*', ['GET', 'HEAD']);
}
