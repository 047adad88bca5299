import type { FastifyInstance } from 'fastify';
import { signInBody } from '../../contract/answers/sign-in.ts';
import { parseFields } from '../../contract/bodies/fields.ts';
import { ApiError } from '../../contract/errors.ts';
import { redeemSignInToken } from '../../jobs/keys/sign-in-tokens.ts';
import type { Gateway } from '../gateway.ts';
import { countRefusal } from '../http/auth.ts';
import { refuseOtherMethods } from '../http/errors.ts';
import { assertContentType, readBody } from '../submit/read-body.ts';

/** `POST /v1/sign-in`: exchanges the token of a one-time link, see sign-in-tokens.ts, for its API key. */
export function signInRoutes(app: FastifyInstance, gateway: Gateway): void {
  const { producer, settings } = gateway;
  const onRequest = async (request: Parameters<typeof assertContentType>[0]) => assertContentType(request);
  app.post('/v1/sign-in', { bodyLimit: settings.bodyLimit, onRequest }, async (request, reply) => {
    const { fields } = await readBody(request, settings.bodyLimit);
    const { token } = parseFields(signInBody, fields);
    const key = await redeemSignInToken(producer.redis, token);
    if (key === undefined) {
      await countRefusal(gateway, request.ip);
      throw new ApiError('invalidKey', 'This link has been used or has expired');
    }
    reply.header('cache-control', 'no-store');
    return { key };
  });
  refuseOtherMethods(app, '/v1/sign-in', ['POST']);
}
