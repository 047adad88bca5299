import dns from 'node:dns';
import net, { type LookupFunction } from 'node:net';
import { Agent, type Dispatcher, request } from 'undici';
import { ApiError } from '../contract/errors.ts';
import { show } from '../contract/fields.ts';
import { isPublicAddress } from './public-address.ts';

/** Fetches the bytes behind a client's address. */
export interface ImageFetcher {
  /** @throws ApiError invalidParameter naming the address and what was wrong with it. */
  fetch(address: string): Promise<Buffer>;
  close(): Promise<void>;
}

export interface FetchLimits {
  /** For everything together: names, redirects, body. */
  readonly timeoutMs: number;
  readonly maxBytes: number;
  /** `host:port` pairs that may be private and on any port: a bucket of one's own network. */
  readonly allowedHosts: readonly string[];
}

const maxRedirects = 3;
const publicPorts = ['', '80', '443'];

/**
 * A client may make this server open an address, so the address must not lead into the server's own network. The literal is
 * checked here and every address that a name resolves to is checked where the connection is made, so that a name cannot
 * change between check and use; redirects are followed by hand, each checked like the first.
 */
export function createImageFetcher({ timeoutMs, maxBytes, allowedHosts }: FetchLimits): ImageFetcher {
  const agent = new Agent({
    connect: { lookup: checkedLookup(namesOf(allowedHosts)), timeout: timeoutMs },
    headersTimeout: timeoutMs,
    bodyTimeout: timeoutMs,
    maxResponseSize: maxBytes,
    keepAliveTimeout: 1,
  });
  return {
    fetch: async (address) => {
      const signal = AbortSignal.timeout(timeoutMs);
      try {
        return await follow(agent, address, allowedHosts, signal);
      } catch (error) {
        const reason = reasonOf(error, signal, maxBytes);
        throw new ApiError('invalidParameter', `Input image not found: image ${show(address)} ${reason}`, {
          cause: error,
        });
      }
    },
    close: () => agent.destroy(),
  };
}

function namesOf(hosts: readonly string[]): ReadonlySet<string> {
  return new Set(hosts.map((host) => new URL(`http://${host}`).hostname));
}

/** Something that may be told to the client. */
class Refusal extends Error {}

async function follow(
  dispatcher: Dispatcher,
  address: string,
  allowedHosts: readonly string[],
  signal: AbortSignal,
): Promise<Buffer> {
  let url = checkedUrl(address, undefined, allowedHosts);
  for (let redirects = 0; redirects <= maxRedirects; redirects++) {
    const { statusCode, headers, body } = await request(url, {
      dispatcher,
      signal,
      headers: { accept: 'image/*', 'accept-encoding': 'identity', 'user-agent': 'sdxl-server' },
    });
    const { location } = headers;
    if (statusCode >= 300 && statusCode < 400 && typeof location === 'string') {
      await body.dump({ limit: 16_384, signal });
      url = checkedUrl(location, url, allowedHosts);
      continue;
    }
    if (statusCode !== 200) {
      await body.dump({ limit: 16_384, signal });
      throw new Refusal(`answered with status ${statusCode}`);
    }
    const encoding = headers['content-encoding'];
    if (encoding !== undefined && encoding !== 'identity') {
      await body.dump({ limit: 16_384, signal });
      throw new Refusal(`came compressed as ${show(encoding)} although that was not asked for`);
    }
    return Buffer.from(await body.arrayBuffer());
  }
  throw new Refusal(`was redirected more than ${maxRedirects} times`);
}

function checkedUrl(address: string, from: URL | undefined, allowedHosts: readonly string[]): URL {
  const url = URL.parse(address, from?.href);
  if (url === null) throw new Refusal('is not a valid URL');
  if (url.protocol !== 'https:' && url.protocol !== 'http:') throw new Refusal('is neither http nor https');
  if (url.username !== '' || url.password !== '') throw new Refusal('carries a user name or password');
  if (allowedHosts.includes(url.host)) return url;
  if (namesOf(allowedHosts).has(url.hostname)) throw new Refusal('is on a port that is not allowed');
  if (!publicPorts.includes(url.port)) throw new Refusal('is on a port other than 80 and 443');
  const host = url.hostname.replace(/^\[|\]$/g, '');
  if (net.isIP(host) !== 0 && !isPublicAddress(host)) throw new Refusal('is not on the public internet');
  return url;
}

/** Runs where a connection is made to a name; a literal address never gets here. */
function checkedLookup(allowedNames: ReadonlySet<string>): LookupFunction {
  return (hostname, options, callback) => {
    dns.lookup(hostname, { ...options, all: true }, (error, addresses) => {
      if (error) return callback(error, '', 0);
      const refused =
        !allowedNames.has(hostname) && addresses.some(({ address }) => !isPublicAddress(address));
      if (refused || addresses.length === 0)
        return callback(new Refusal('is not on the public internet'), '', 0);
      if (options.all) return callback(null, addresses);
      return callback(null, addresses[0]!.address, addresses[0]!.family);
    });
  };
}

function reasonOf(error: unknown, signal: AbortSignal, maxBytes: number): string {
  if (error instanceof Refusal) return error.message;
  if (signal.aborted) return 'did not arrive in time';
  const { code } = error as NodeJS.ErrnoException;
  if (code === 'UND_ERR_RES_EXCEEDED_MAX_SIZE') return `is larger than ${maxBytes} bytes`;
  return 'could not be fetched';
}
