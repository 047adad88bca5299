/** Every key this service writes beside BullMQ's own, in one place. */
export const queueName = 'generations';

export const keyOf = {
  /** Hash: one request, its state and its result. */
  request: (id: string) => `sdxl:request:${id}`,
  /** String: the input picture of an image-to-image request, as PNG. */
  input: (id: string) => `sdxl:input:${id}`,
  /** String: the bytes of one picture under its public path. */
  output: (path: string) => `sdxl:output:${path}`,
  /** String: the latest small picture of a request in progress, as JPEG. */
  preview: (id: string) => `sdxl:preview:${id}`,
  /** Hash: which request an owner's idempotency key has made, by the key's digest. */
  idempotency: (owner: string, digest: string) => `sdxl:idempotency:${owner}:${digest}`,
  /** Set of the ids of ended requests whose webhook is not under way yet. */
  webhooksDue: 'sdxl:webhooks-due',
  /** Channel: ids of requests whose worker should stop. */
  cancel: 'sdxl:cancel',
  /** Hash: one API key, by its id. */
  apiKey: (keyId: string) => `sdxl:api-key:${keyId}`,
  /** Set of the ids of all API keys. */
  apiKeys: 'sdxl:api-keys',
  /** Set of the ids of one owner's requests that have not ended. */
  unfinished: (owner: string) => `sdxl:unfinished:${owner}`,
  /** Sorted set of the ids of all requests that have not ended, by their deadline. */
  deadlines: 'sdxl:deadlines',
  /** String with expiry: how often something happened in the current minute. */
  window: (what: string) => `sdxl:window:${what}`,
  /** String with expiry: what a live worker says of itself. */
  worker: (workerId: string) => `sdxl:worker:${workerId}`,
  /** Set of the ids of workers seen lately. */
  workers: 'sdxl:workers',
  /** String with expiry: written to prove that Redis takes writes. */
  probe: 'sdxl:probe',
};

/** How long things live; tests shorten them. */
export interface Lifetimes {
  /** Seconds a finished request and its pictures stay readable. */
  readonly retentionSeconds: number;
  /** Seconds from submission after which an unfinished request is FAILED. */
  readonly deadlineSeconds: number;
}

export const defaultLifetimes: Lifetimes = { retentionSeconds: 3600, deadlineSeconds: 3600 };
