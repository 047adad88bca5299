import type { Config } from '../config/config.ts';
import type { gatewaySettings } from '../config/gateway-settings.ts';
import type { Producer } from '../jobs/producer.ts';
import type { GatewayMetrics } from '../metrics/gateway-metrics.ts';
import type { Tracing } from '../tracing/tracing.ts';
import type { ImageFetcher } from './outbound/fetch-image.ts';
import type { Webhooks } from './outbound/webhooks.ts';
import type { PromptCheck, TokenCount } from './submit/prompt-check.ts';

/** Everything the routes stand on, handed in so that tests can hand in their own. */
export interface Gateway {
  readonly producer: Producer;
  readonly fetchImage: ImageFetcher;
  readonly checkPrompts: PromptCheck;
  readonly countTokens: TokenCount;
  readonly settings: GatewaySettings;
  /** Absent where no secret is configured. */
  readonly webhooks?: Webhooks;
  /** Absent where nobody reads them. */
  readonly metrics?: GatewayMetrics | undefined;
  /** Absent without a collector. */
  readonly tracing?: Tracing | undefined;
  /** Why no picture may be made of a prompt; absent without a deny-list. */
  readonly contentRefusal?: (prompt: string) => string | undefined;
}

/** What the gateway is given of its configuration, with the limits that no operator sets. */
export interface GatewaySettings
  extends Pick<Config, keyof typeof gatewaySettings | 'resultTtlSeconds'>,
    Readonly<typeof gatewayLimits> {}

export const gatewayLimits = {
  /**
   * Largest form with a picture, and largest picture fetched, in bytes: a JPEG of 200 megapixels has up to 90
   * MB.
   */
  imageBodyLimit: 96 * 1024 * 1024,
  /** Largest JSON with a picture in base64: it is in memory three times. */
  imageJsonLimit: 32 * 1024 * 1024,
  /** Memory for bodies and fetched pictures of all requests together. */
  bodyMemory: 64 * 1024 * 1024,
  /** How long a request waits for that memory, and for its picture to be decoded, before it is told 503. */
  bodyWaitMs: 10_000,
  /** Largest body of a request that carries no picture. */
  bodyLimit: 1024 * 1024,
  /** Largest batch: its lines wait in Redis. */
  batchBodyLimit: 8 * 1024 * 1024,
  /** Whole request: how long a client may take to send it; see the pace in http/body-gate.ts. */
  requestTimeoutMs: 180_000,
  headersTimeoutMs: 10_000,
  /** Silence after which a stream of events says that it is still there, so that proxies keep it open. */
  heartbeatMs: 15_000,
};
