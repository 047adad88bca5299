import { setTimeout as sleep } from 'node:timers/promises';

/** One finished request of a server's public API. */
export interface ServerPicture {
  readonly bytes: Uint8Array;
  /** Of the whole inference, as the server reports it. */
  readonly inferenceSeconds: number;
}

export interface Server {
  /**
   * Submits to `/v2/<slug>`, waits and downloads the first picture.
   * @returns undefined where the request failed because of NaN or infinity.
   * @throws Error naming the request for every other failure.
   */
  generate(slug: string, body: object, signal: AbortSignal): Promise<ServerPicture | undefined>;
}

const pollMs = 250;
const defaultRetrySeconds = 5;

interface Status {
  readonly status: string;
  readonly error?: string | null;
  readonly images?: readonly { readonly url: string }[];
  readonly metrics?: { readonly inference_time?: number };
}

/** @throws Error naming --url or --key where nobody answers as this product does. */
export async function openServer(url: string, key: string | undefined, signal: AbortSignal): Promise<Server> {
  const headers: Record<string, string> = key === undefined ? {} : { 'x-api-key': key };
  const call = async (address: string, init: RequestInit = {}): Promise<Response> => {
    while (true) {
      const response = await fetch(address, { ...init, headers: { ...headers, ...init.headers } }).catch(
        (cause: Error) => {
          if (cause.name === 'AbortError') throw cause;
          throw new Error(
            `--url: ${url} does not answer (${(cause.cause as Error | undefined)?.message ?? cause.message})`,
            { cause },
          );
        },
      );
      if (response.status !== 429) return response;
      await response.arrayBuffer();
      const wait = Number(response.headers.get('retry-after')) || defaultRetrySeconds;
      await sleep(wait * 1000, undefined, { signal });
    }
  };
  const json = async (address: string, init: RequestInit = {}): Promise<Status & Record<string, unknown>> => {
    const response = await call(address, init);
    const body = (await response.json().catch(() => ({}))) as Status & Record<string, unknown>;
    if (response.status === 401)
      throw new Error(
        `--key: ${url} refuses ${key === undefined ? 'calls without one' : 'it'}: ${body.error}`,
      );
    if (response.ok || (response.status === 422 && body.status === 'FAILED')) return body;
    throw new Error(`${address} answers ${response.status}: ${body.error ?? response.statusText}`);
  };

  const lists = await json(`${url}/v1/schedulers`, { signal });
  if (typeof lists['sdxl-torch'] !== 'object')
    throw new Error(
      `--url: ${url}/v1/schedulers does not list schedulers; is it the root of this product's API?`,
    );

  return {
    async generate(slug, body, jobSignal) {
      const submitted = await json(`${url}/v2/${slug}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
        signal: jobSignal,
      });
      const request = `${url}/v2/requests/${submitted.request_id}`;
      let status: Status = submitted;
      while (status.status !== 'COMPLETED') {
        await sleep(pollMs, undefined, { signal: jobSignal });
        status = await json(`${request}/status`, { signal: jobSignal });
        if (status.status !== 'FAILED') continue;
        if (/\b(NaN|Infinity)\b/.test(status.error ?? '')) return undefined;
        throw new Error(`${request} failed: ${status.error}`);
      }
      const result = await json(request, { signal: jobSignal });
      const picture = await call(result.images![0]!.url, { signal: jobSignal });
      if (!picture.ok) throw new Error(`${result.images![0]!.url} answers ${picture.status}`);
      return {
        bytes: new Uint8Array(await picture.arrayBuffer()),
        inferenceSeconds: result.metrics?.inference_time ?? Number.NaN,
      };
    },
  };
}
