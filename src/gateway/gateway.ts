import type { Rng } from '../contract/generation.ts';
import type { Producer } from '../jobs/producer.ts';
import type { ImageFetcher } from './outbound/fetch-image.ts';
import type { Webhooks } from './outbound/webhooks.ts';
import type { PromptCheck } from './submit/prompt-check.ts';

/** Everything the routes stand on, handed in so that tests can hand in their own. */
export interface Gateway {
  readonly producer: Producer;
  readonly fetchImage: ImageFetcher;
  readonly checkPrompts: PromptCheck;
  readonly settings: GatewaySettings;
  /** Absent where no secret is configured. */
  readonly webhooks?: Webhooks;
  /** Why no picture may be made of a prompt; absent without a deny-list. */
  readonly contentRefusal?: (prompt: string) => string | undefined;
}

export interface GatewaySettings {
  /** Base of the addresses in answers, without a trailing slash; the request's own host where undefined. */
  readonly publicUrl?: string | undefined;
  /** Ask for an API key. Without, everybody is one owner. */
  readonly authenticate: boolean;
  /** Accept `Authorization: Bearer <key>` beside `x-api-key`. The published service does not. */
  readonly acceptBearer: boolean;
  /** Requests without a valid key from one address in one minute before they are told 429 instead of 401. */
  readonly authFailuresPerMinute: number;
  /** Price of one sample, in credits. Unlimited keys pay nothing. */
  readonly creditsPerSample: number;
  /** Origins whose pages may call from a browser; `*` is every one. */
  readonly corsOrigins: readonly string[];
  /**
   * Addresses, ranges or `loopback`, `linklocal`, `uniquelocal`: proxies whose X-Forwarded headers are
   * believed.
   */
  readonly trustedProxies: readonly string[];
  /** Names under /v1 and /v2 that answer 410. */
  readonly retiredSlugs: readonly string[];
  /**
   * Requests are still taken this long after the last worker was seen, and after this gateway has started
   * without any.
   */
  readonly noWorkerGraceMs: number;
  /** How long a v1 request is waited for. */
  readonly syncDeadlineMs: number;
  /** Requests that may wait before further ones are turned away. */
  readonly maxQueued: number;
  /** Where no worker has the refiner: run the base alone (true) or refuse (false). */
  readonly refinerFallback: boolean;
  readonly defaultRng: Rng;
  /** Largest body of a request that carries a picture, and largest picture fetched, in bytes. */
  readonly imageBodyLimit: number;
  /** Input pictures with more pixels are scaled down to it. */
  readonly maxImagePixels: number;
  /** Largest body of a request that carries no picture. */
  readonly bodyLimit: number;
  /** Whole request: how long a client may take to send it. */
  readonly requestTimeoutMs: number;
  readonly headersTimeoutMs: number;
  /** Silence after which a stream of events says that it is still there, so that proxies keep it open. */
  readonly heartbeatMs: number;
}

export const defaultSettings: GatewaySettings = {
  authenticate: true,
  acceptBearer: false,
  authFailuresPerMinute: 120,
  creditsPerSample: 1,
  corsOrigins: [],
  trustedProxies: [],
  retiredSlugs: [],
  noWorkerGraceMs: 120_000,
  syncDeadlineMs: 600_000,
  maxQueued: 1000,
  refinerFallback: false,
  defaultRng: 'philox',
  imageBodyLimit: 32 * 1024 * 1024,
  maxImagePixels: 1_572_864,
  bodyLimit: 1024 * 1024,
  requestTimeoutMs: 60_000,
  headersTimeoutMs: 10_000,
  heartbeatMs: 15_000,
};
