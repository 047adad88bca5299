import type { FastifyInstance, FastifyRequest } from 'fastify';
import { ApiError } from '../../contract/errors.ts';
import type { Gateway } from '../gateway.ts';
import { refuseOtherMethods } from '../http/errors.ts';

/**
 * `GET /outputs/<request id>/<token>-<i>.<ext>`: no key needed, clients download without one; the token
 * cannot be guessed. With RESULT_LINKS=signed it leads on to where the picture is kept.
 */
export function outputRoutes(app: FastifyInstance, { producer, settings }: Gateway): void {
  /** Pages of this server may read nothing of others, and a signature is for one method. */
  const mayLeave = ({ method, headers }: FastifyRequest): boolean =>
    settings.resultLinks === 'signed' && method === 'GET' && headers['sec-fetch-site'] !== 'same-origin';

  app.get<{ Params: { '*': string } }>('/outputs/*', async (request, reply) => {
    const path = request.params['*'];
    const link = mayLeave(request) ? await producer.linkToOutput(path) : undefined;
    if (link !== undefined) return reply.header('cache-control', 'private, no-store').redirect(link, 302);
    const picture = await producer.readOutput(path);
    if (picture === undefined) throw new ApiError('notFound', 'There is no such picture, or it has expired');
    return reply
      .type(picture.contentType)
      .header('cache-control', 'private, max-age=3600, immutable')
      .send(picture.bytes);
  });
  refuseOtherMethods(app, '/outputs/*', ['GET', 'HEAD']);
}
