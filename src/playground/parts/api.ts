import { apiKey } from './session.ts';
import type { Body, Capabilities, Slug, Tokenized } from './wire.ts';

/** Calls of the HTTP API. Addresses are relative to the page, so that it works behind a path of a proxy. */

/** An answer that is no success, with the server's own words. */
export class CallFailed extends Error {
  override readonly name = 'CallFailed';
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/** @throws CallFailed for every status that is not 2xx; status 0 where the server could not be reached. */
export async function call(path: string, init: RequestInit = {}): Promise<Response> {
  const headers = new Headers(init.headers);
  const key = apiKey.get();
  if (key !== undefined) headers.set('x-api-key', key);
  let response: Response;
  try {
    response = await fetch(path, { ...init, headers });
  } catch (error) {
    if (init.signal?.aborted) throw error;
    throw new CallFailed(0, 'The server does not answer.');
  }
  if (!response.ok) throw new CallFailed(response.status, await failureText(response));
  return response;
}

async function failureText(response: Response): Promise<string> {
  const text = await response.text();
  try {
    const { error } = JSON.parse(text) as { error?: unknown };
    if (typeof error === 'string') return error;
  } catch {
    // A proxy's page, for example.
  }
  return `The server answered ${response.status}.`;
}

function post(path: string, body: object, signal?: AbortSignal): Promise<Response> {
  return call(path, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
    ...(signal && { signal }),
  });
}

export async function readCapabilities(): Promise<Capabilities> {
  return (await call('v1/capabilities')).json() as Promise<Capabilities>;
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
  const path = `v2/${slug}`;
  let response: Response;
  if (picture) {
    const form = new FormData();
    for (const [name, value] of Object.entries(body)) form.set(name, String(value));
    form.set('image', picture);
    response = await call(path, { method: 'POST', body: form });
  } else response = await post(path, body);
  const { request_id } = (await response.json()) as { request_id: string };
  return request_id;
}

export async function cancel(id: string): Promise<void> {
  await call(`v2/requests/${id}`, { method: 'DELETE' });
}

/**
 * The bytes of an output, by its address in a result; the page's own way to the server is used, whatever
 * PUBLIC_URL says.
 */
export async function readOutput(url: string): Promise<Blob> {
  return (await call(url.slice(url.indexOf('/outputs/') + 1))).blob();
}
