/** Every key this service writes beside BullMQ's own, in one place. */

/** BullMQ's queue of the requests that need the same models, see contract/routes.ts. */
export const queueNameOf = (route: string): string => `generations-${route}`;

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
  /** Channel: a job can be taken from the queue of this route. */
  submitted: 'sdxl:submitted',
  /** Channel: what happens to requests, see events.ts. */
  events: 'sdxl:events',
  /** Sorted set of the ids of requests that wait for a worker, by their place (see records.ts). */
  waiting: 'sdxl:waiting',
  /** String: how many requests have been accepted so far. */
  sequence: 'sdxl:sequence',
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
  /** Sorted set of the routes that workers serve, by when a worker last said so. */
  routes: 'sdxl:routes',
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
