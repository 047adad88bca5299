import { createClient } from '../../client/client.ts';
import { jsonBody } from '../../client/http.ts';
import { apiKey } from './session.ts';
import type { Body, Capabilities, Offered, Samplers, Slug, Tokenized } from './wire.ts';

/** Calls of the HTTP API. Addresses are relative to the page, so that it works behind a path of a proxy. */

export const client = createClient({ baseUrl: '', key: () => apiKey.get() });
export const { call } = client;

function post(path: string, body: object, signal?: AbortSignal): Promise<Response> {
  return call(path, { ...jsonBody(body), ...(signal && { signal }) });
}

/** Read once: they belong to the server's version. */
let samplers: Promise<Samplers> | undefined;

export async function readOffer(): Promise<Offered> {
  samplers ??= client.samplers();
  samplers.catch(() => {
    samplers = undefined;
  });
  const [capabilities, models, loras, embeddings] = await Promise.all([
    call('v1/capabilities').then((answer) => answer.json() as Promise<Capabilities>),
    client.models(),
    client.loras(),
    client.embeddings(),
  ]);
  return { ...capabilities, models, loras, embeddings, samplers: await samplers };
}

/** Exchanges the token of a one-time link for its API key. */
export async function exchangeToken(token: string): Promise<string> {
  const { key } = (await (await post('v1/sign-in', { token })).json()) as { key: string };
  return key;
}

export async function tokenize(body: Body, signal: AbortSignal): Promise<Tokenized> {
  return (await post('v1/tokenize', body, signal)).json() as Promise<Tokenized>;
}

/**
 * A picture behind an address, as a request would see it: fetched by the server, turned, at its final size.
 */
export async function readInputPicture(url: string): Promise<Blob> {
  return (await post('v1/input-images', { image: url })).blob();
}

/** Queues a request; a picture travels as a file part. @returns its id. */
export async function submit(slug: Slug, body: Body, picture?: Blob): Promise<string> {
  // The form was built of the fields that the server has named.
  const fields = body as { readonly prompt: string };
  const reply = await (picture ? client.upload(picture, fields) : client.submit(slug, fields));
  return reply.request_id;
}
