import type { FastifyInstance, LightMyRequestResponse } from 'fastify';
import { picture, type TestService } from './service.ts';

/** Calls as AUTOMATIC1111's clients make them, with the key as the password of HTTP's Basic scheme. */

export function basicKey(key: string): { readonly authorization: string } {
  return { authorization: `Basic ${Buffer.from(`anyone:${key}`).toString('base64')}` };
}

/** `path` is below /sdapi/v1/; a body makes it a POST. */
export type CallA1111 = (
  path: string,
  body?: unknown,
  key?: string,
  on?: FastifyInstance,
) => Promise<LightMyRequestResponse>;

export function callA1111(
  service: TestService,
  path: string,
  body?: unknown,
  key = service.key,
  on = service.app,
): Promise<LightMyRequestResponse> {
  return on.inject({
    method: body === undefined ? 'GET' : 'POST',
    url: `/sdapi/v1/${path}`,
    headers: basicKey(key),
    ...(body !== undefined && { payload: body as object }),
  });
}

/** In base64, as bodies have it. */
export async function smallPicture(width = 64, height = 64): Promise<string> {
  return (await picture(width, height)).toString('base64');
}
