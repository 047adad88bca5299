import { type Dispatcher, request } from 'undici';
import { ApiError } from '../../contract/errors.ts';
import { show } from '../../contract/show.ts';
import { maskAddress } from '../../process/mask-secrets.ts';
import { checkedAgent, checkedUrl, Refusal } from './checked-address.ts';
import type { ResolveName } from './resolve-name.ts';

type TakeRoom = (bytes: number) => Promise<void>;

/** Fetches the bytes behind a client's address. */
export interface ImageFetcher {
  /**
   * @param takeRoom asked before the body is read, with the bytes it may have.
   * @param gone aborts when nobody waits for it any more; then the fetch ends.
   * @throws ApiError invalidParameter naming the address and what was wrong with it; what takeRoom throws.
   */
  fetch(address: string, takeRoom?: TakeRoom, gone?: AbortSignal): Promise<Buffer>;
  close(): Promise<void>;
}

export interface FetchLimits {
  /** For everything together: names, redirects, body. */
  readonly timeoutMs: number;
  readonly maxBytes: number;
  /** `host:port` pairs that may be private and on any port: a bucket of one's own network. */
  readonly allowedHosts: readonly string[];
  /** Of strangers; asks the system's name servers by default. */
  readonly resolveName?: ResolveName;
}

const maxRedirects = 3;

/** Redirects are followed by hand, each checked like the first address (see checkedUrl). */
export function createImageFetcher(limits: FetchLimits): ImageFetcher {
  const { timeoutMs, maxBytes, allowedHosts, resolveName } = limits;
  const agent = checkedAgent(allowedHosts, timeoutMs, maxBytes, resolveName);
  return {
    fetch: async (address, takeRoom = async () => undefined, gone) => {
      const signal = AbortSignal.any([AbortSignal.timeout(timeoutMs), ...(gone ? [gone] : [])]);
      const room = async (declared: number) =>
        takeRoom(declared > 0 && declared <= maxBytes ? declared : maxBytes);
      try {
        return await follow(agent, address, allowedHosts, signal, room);
      } catch (error) {
        if (error instanceof ApiError) throw error;
        const reason = reasonOf(error, signal, maxBytes);
        throw new ApiError(
          'invalidParameter',
          `Input image not found: image ${show(maskAddress(address))} ${reason}`,
          {
            cause: error,
          },
        );
      }
    },
    close: () => agent.destroy(),
  };
}

async function follow(
  dispatcher: Dispatcher,
  address: string,
  allowedHosts: readonly string[],
  signal: AbortSignal,
  takeRoom: TakeRoom,
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
    try {
      await takeRoom(Number(headers['content-length'] ?? 0));
    } catch (error) {
      body.destroy();
      throw error;
    }
    return Buffer.from(await body.arrayBuffer());
  }
  throw new Refusal(`was redirected more than ${maxRedirects} times`);
}

function reasonOf(error: unknown, signal: AbortSignal, maxBytes: number): string {
  if (error instanceof Refusal) return error.message;
  if (signal.aborted) return 'did not arrive in time';
  const { code } = error as NodeJS.ErrnoException;
  if (code === 'UND_ERR_RES_EXCEEDED_MAX_SIZE') return `is larger than ${maxBytes} bytes`;
  return 'could not be fetched';
}
