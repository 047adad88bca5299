import type { FastifyInstance, FastifyRequest } from 'fastify';
import { utcTime } from '../../contract/answers/responses.ts';
import { ApiError, apiErrors } from '../../contract/errors.ts';
import { type ApiKey, findApiKey } from '../../jobs/keys/api-keys.ts';
import { countInMinute } from '../../jobs/keys/rate-limit.ts';
import type { Gateway } from '../gateway.ts';
import { clientNetwork } from './client-network.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** Id of the API key that sent it; empty on routes that need none. */
    owner: string;
    /** The key that sent it, as stored when it came; set on routes that need one. */
    apiKey: ApiKey;
  }
}

/** Sender of every request where no key is asked for: one owner, without limits. */
export const anybody: ApiKey = { id: 'anybody', name: 'anybody', createdAt: 0, admin: true };

/**
 * Every route registered on `app` afterwards needs a valid key; it is checked before the body is read.
 * @param acceptBasic whether it may also come as the password of HTTP's Basic scheme, with any user name.
 */
export function requireApiKey(
  app: FastifyInstance,
  { producer, settings }: Gateway,
  acceptBasic = false,
): void {
  app.addHook('onRequest', async (request) => {
    request.apiKey = settings.auth ? await keyOf(request) : anybody;
    request.owner = request.apiKey.id;
  });

  const keyOf = async (request: FastifyRequest): Promise<ApiKey> => {
    const basic = acceptBasic ? basicPassword(request.headers.authorization) : undefined;
    const presented = presentedKey(request.headers, settings.acceptBearer) ?? basic;
    const apiKey = presented === undefined ? undefined : await findApiKey(producer.redis, presented);
    if (apiKey !== undefined) return apiKey;
    await countRefusal({ producer, settings }, request.ip);
    // Browsers ask their user for a password then.
    const headers = acceptBasic ? { 'www-authenticate': 'Basic' } : {};
    if (presented !== undefined) throw new ApiError('invalidKey', undefined, { headers });
    const why = acceptBasic ? undefined : whyNoKey(request.headers, settings.acceptBearer);
    throw new ApiError('missingKey', why, { headers });
  };
}

/**
 * Counts what came without a valid key or token. Good keys are always served: many clients may share one
 * address, and 64 random bits are not guessed.
 * @throws ApiError rateLimited where the address has used up its minute.
 */
export async function countRefusal(
  { producer, settings }: Pick<Gateway, 'producer' | 'settings'>,
  ip: string,
): Promise<void> {
  const { count, secondsLeft, resetsAt } = await countInMinute(
    producer.redis,
    `refused:${clientNetwork(ip)}`,
    settings.authFailuresPerMinute,
  );
  if (count <= settings.authFailuresPerMinute) return;
  throw new ApiError('rateLimited', 'Too many requests without a valid API key from this address', {
    headers: { 'retry-after': String(secondsLeft), 'x-rate-limit-reset-at-utc': utcTime(resetsAt) },
  });
}

/** Other names of the header, as clients of other services write it. */
const foreignHeaders = ['api-key', 'apikey', 'x-apikey', 'x-api-token', 'x-auth-token', 'xi-api-key'];

/** What is wrong where a key was meant to be sent; undefined, for the published text, where none was. */
function whyNoKey(headers: NodeJS.Dict<string | string[]>, acceptBearer: boolean): string | undefined {
  const wanted = acceptBearer
    ? 'send the API key as "Authorization: Bearer <key>" or in x-api-key'
    : 'send the API key in x-api-key';
  const { authorization } = headers;
  if (authorization !== undefined) {
    const [scheme = '', credentials] = String(authorization).trim().split(/ +/, 2);
    if (scheme === '') return `The header Authorization is empty: ${wanted}`;
    if (credentials === undefined)
      return /^bearer$/i.test(scheme)
        ? `The header Authorization has no key behind Bearer: ${wanted}`
        : `The header Authorization names no scheme: ${wanted}`;
    if (!acceptBearer && /^bearer$/i.test(scheme))
      return `Authorization: Bearer is not accepted here (ACCEPT_BEARER is off): ${wanted}`;
    if (/^[\w-]{1,20}$/.test(scheme)) return `Authorization: ${scheme} is not accepted here: ${wanted}`;
    return `The header Authorization has an unknown scheme: ${wanted}`;
  }
  // In the published words, which clients look for.
  if (headers['x-api-key'] !== undefined) return `${apiErrors.missingKey.message}: x-api-key is empty`;
  const foreign = foreignHeaders.find((name) => headers[name] !== undefined);
  return foreign && `The header ${foreign} is not read here: ${wanted}`;
}

/** The password of `Authorization: Basic` (RFC 7617). */
function basicPassword(authorization = ''): string | undefined {
  const encoded = /^Basic +([A-Za-z0-9+/]+=*)$/i.exec(authorization)?.[1];
  const [, password] = /^[^:]*:(.+)$/s.exec(Buffer.from(encoded ?? '', 'base64').toString('utf8')) ?? [];
  return password;
}

function presentedKey(headers: NodeJS.Dict<string | string[]>, acceptBearer: boolean): string | undefined {
  const header = headers['x-api-key'];
  if (typeof header === 'string' && header !== '') return header;
  const bearer = /^Bearer +(\S+)$/i.exec(String(headers.authorization ?? ''))?.[1];
  return acceptBearer ? bearer : undefined;
}
