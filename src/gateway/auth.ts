import type { FastifyInstance } from 'fastify';
import { ApiError } from '../contract/errors.ts';
import { findApiKey } from '../jobs/api-keys.ts';
import type { Gateway } from './gateway.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** Id of the API key that sent it; empty on routes that need none. */
    owner: string;
  }
}

/** Owner of every request where no key is asked for. */
const anybody = 'anybody';

/** Every route registered on `app` afterwards needs a valid key; it is checked before the body is read. */
export function requireApiKey(app: FastifyInstance, { producer, settings }: Gateway): void {
  app.addHook('onRequest', async (request) => {
    if (!settings.authenticate) {
      request.owner = anybody;
      return;
    }
    const presented = presentedKey(request.headers, settings.acceptBearer);
    if (presented === undefined) throw new ApiError('missingKey');
    const apiKey = await findApiKey(producer.redis, presented);
    if (apiKey === undefined) throw new ApiError('invalidKey');
    request.owner = apiKey.id;
  });
}

function presentedKey(headers: NodeJS.Dict<string | string[]>, acceptBearer: boolean): string | undefined {
  const header = headers['x-api-key'];
  if (typeof header === 'string' && header !== '') return header;
  const bearer = /^Bearer +(\S+)$/i.exec(String(headers.authorization ?? ''))?.[1];
  return acceptBearer ? bearer : undefined;
}
