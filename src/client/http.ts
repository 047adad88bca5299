/** An answer that is no success, with the server's own words. */
export class CallFailed extends Error {
  override readonly name = 'CallFailed';
  /** Of the answer; 0 where the server could not be reached. */
  readonly status: number;
  /** What was answered, where it was JSON. */
  readonly body: unknown;

  constructor(status: number, message: string, body?: unknown, options?: ErrorOptions) {
    super(message, options);
    this.status = status;
    this.body = body;
  }
}

export interface ClientOptions {
  /**
   * Where the server is, without /v1 or /v2; with a path where a proxy has it below one. Relative in pages.
   */
  readonly baseUrl: string;
  /** API key, or what gives it at each call; undefined where the server asks for none. */
  readonly key?: string | (() => string | undefined) | undefined;
  /** In place of the platform's own. */
  readonly fetch?: typeof fetch;
}

/** @throws CallFailed for every status that is not 2xx, and where the server cannot be reached. */
export type Call = (path: string, init?: RequestInit) => Promise<Response>;

/** Paths are below the base URL, without a slash in front. */
export function createCall({ baseUrl, key, fetch: send = fetch }: ClientOptions): Call {
  const base = baseUrl === '' ? '' : `${baseUrl.replace(/\/+$/, '')}/`;
  return async (path, init = {}) => {
    const headers = new Headers(init.headers);
    const presented = typeof key === 'function' ? key() : key;
    if (presented !== undefined) headers.set('x-api-key', presented);
    let response: Response;
    try {
      response = await send(base + path, { ...init, headers });
    } catch (cause) {
      if (init.signal?.aborted) throw cause;
      throw new CallFailed(0, 'The server does not answer.', undefined, { cause });
    }
    if (!response.ok) throw await failureOf(response);
    return response;
  };
}

async function failureOf(response: Response): Promise<CallFailed> {
  const text = await response.text();
  let body: unknown;
  try {
    body = JSON.parse(text) as unknown;
  } catch {
    // A proxy's page, for example.
  }
  const told = (body as { error?: unknown } | null | undefined)?.error;
  const message = typeof told === 'string' ? told : `The server answered ${response.status}.`;
  return new CallFailed(response.status, message, body);
}

/** What a POST of JSON needs. */
export function jsonBody(body: object): {
  readonly method: 'POST';
  headers: Record<string, string>;
  body: string;
} {
  return { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) };
}
