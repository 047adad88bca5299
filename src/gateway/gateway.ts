import type { Rng } from '../contract/generation.ts';
import type { Producer } from '../jobs/producer.ts';
import type { ImageFetcher } from './fetch-image.ts';
import type { PromptCheck } from './prompt-check.ts';

/** Everything the routes stand on, handed in so that tests can hand in their own. */
export interface Gateway {
  readonly producer: Producer;
  readonly fetchImage: ImageFetcher;
  readonly checkPrompts: PromptCheck;
  readonly settings: GatewaySettings;
}

export interface GatewaySettings {
  /** Base of the addresses in answers, without a trailing slash; the request's own host where undefined. */
  readonly publicUrl?: string | undefined;
  /** Ask for an API key. Without, everybody is one owner. */
  readonly authenticate: boolean;
  /** Accept `Authorization: Bearer <key>` beside `x-api-key`. The published service does not. */
  readonly acceptBearer: boolean;
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
}

export const defaultSettings: GatewaySettings = {
  authenticate: true,
  acceptBearer: false,
  syncDeadlineMs: 600_000,
  maxQueued: 1000,
  refinerFallback: false,
  defaultRng: 'philox',
  imageBodyLimit: 32 * 1024 * 1024,
  maxImagePixels: 1_572_864,
  bodyLimit: 1024 * 1024,
  requestTimeoutMs: 60_000,
  headersTimeoutMs: 10_000,
};
