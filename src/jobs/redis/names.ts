/** Every key this service writes beside BullMQ's own, in one place. */

/**
 * What every key and channel begins with. The braces are a Redis Cluster's hash tag: all keys are in one
 * slot, so that one script can change any of them together.
 */
export const keyTag = '{sdxl}';

/** BullMQ's queue of the requests that need the same models, see contract/routes.ts. */
export const queueNameOf = (route: string): string => `generations-${route}`;

/** A key of BullMQ's for that queue: `wait`, `prioritized`, `active`, or the id of a job. */
export const bullKeyOf = (route: string, what: string): string => `${keyTag}:${queueNameOf(route)}:${what}`;

export const keyOf = {
  /** Hash: one request, its state and its result. */
  request: (id: string) => `${keyTag}:request:${id}`,
  /** String: the input picture of an image-to-image request, as PNG. */
  input: (id: string) => `${keyTag}:input:${id}`,
  /** String: the bytes of one picture under its public path, or where they are kept. */
  output: (path: string) => `${keyTag}:output:${path}`,
  /**
   * Sorted set of the public paths of pictures that are kept outside Redis, by when they are to be deleted.
   */
  kept: `${keyTag}:kept`,
  /** String: the latest small picture of a request in progress, as JPEG. */
  preview: (id: string) => `${keyTag}:preview:${id}`,
  /** Hash: which request an owner's idempotency key has made, by the key's digest. */
  idempotency: (owner: string, digest: string) => `${keyTag}:idempotency:${owner}:${digest}`,
  /** Sorted set of the ids of batches that have not ended, by when they came. */
  batches: `${keyTag}:batches`,
  /** Hash: one batch; its lines are in the keys below. */
  batch: (id: string) => `${keyTag}:batch:${id}`,
  /** List: the lines of a batch as they came, in JSON. */
  batchLines: (id: string) => `${keyTag}:batch-lines:${id}`,
  /** Hash: requests of lines that have not ended, by the line's index. */
  batchOpen: (id: string) => `${keyTag}:batch-open:${id}`,
  /** Hash: how lines have ended, in JSON by the line's index. */
  batchOutcomes: (id: string) => `${keyTag}:batch-outcomes:${id}`,
  /** String with expiry: a gateway is looking after this batch. */
  batchLease: (id: string) => `${keyTag}:batch-lease:${id}`,
  /** Set of the owners of whom ended requests wait for their webhook. */
  webhookOwners: `${keyTag}:webhook-owners`,
  /** Sorted set of the ids of one owner's ended requests, by when their webhook is to be called next. */
  webhooks: (owner: string) => `${keyTag}:webhooks:${owner}`,
  /** Channel: ids of requests whose worker should stop. */
  cancel: `${keyTag}:cancel`,
  /** Channel: a job can be taken from the queue of this route; anything else: look into all. */
  submitted: `${keyTag}:submitted`,
  /** Channel: what administrators ask of workers, see worker-control.ts. */
  orders: `${keyTag}:orders`,
  /** Channel: what happens to requests, see events.ts. */
  events: `${keyTag}:events`,
  /** Sorted set of the ids of requests that wait for a worker, by their place (see records.ts). */
  waiting: `${keyTag}:waiting`,
  /** Sorted set of the ids of accepted requests that may have no job yet, by when they were accepted. */
  unqueued: `${keyTag}:unqueued`,
  /** String with expiry: this request was answered as not accepted, and is not to be made any more. */
  withdrawn: (id: string) => `${keyTag}:withdrawn:${id}`,
  /** String: how many requests have been accepted so far. */
  sequence: `${keyTag}:sequence`,
  /** Hash: one API key, by its id. */
  apiKey: (keyId: string) => `${keyTag}:api-key:${keyId}`,
  /** String with expiry: the balance after one change of an API key's credits. */
  creditChange: (keyId: string, operation: string) => `${keyTag}:credit-change:${keyId}:${operation}`,
  /** String with expiry: this import has added an API key. */
  keyImport: (operation: string, keyId: string) => `${keyTag}:key-import:${operation}:${keyId}`,
  /** String with expiry: this call has revoked an API key. */
  revocation: (operation: string) => `${keyTag}:revocation:${operation}`,
  /** Set of the ids of all API keys. */
  apiKeys: `${keyTag}:api-keys`,
  /** String with expiry: the sealed API key behind a one-time link, by the digest of its token. */
  signIn: (digest: string) => `${keyTag}:sign-in:${digest}`,
  /** Set of the ids of one owner's requests that have not ended. */
  unfinished: (owner: string) => `${keyTag}:unfinished:${owner}`,
  /**
   * Hash with expiry: what one owner's calls of AUTOMATIC1111's API are at, by call; see iterated-calls.ts.
   */
  iteratedCalls: (owner: string) => `${keyTag}:iterated-calls:${owner}`,
  /** Hash: what one owner has set for all its calls of AUTOMATIC1111's API. */
  chosen: (owner: string) => `${keyTag}:chosen:${owner}`,
  /** Sorted set of the ids of all requests that have not ended, by their deadline. */
  deadlines: `${keyTag}:deadlines`,
  /** String with expiry: how often something happened in the current minute. */
  window: (what: string) => `${keyTag}:window:${what}`,
  /** String with expiry: the count that one of these times was. */
  counted: (operation: string) => `${keyTag}:counted:${operation}`,
  /** String with expiry: what a live worker says of itself. */
  worker: (workerId: string) => `${keyTag}:worker:${workerId}`,
  /** Set of the ids of workers seen lately. */
  workers: `${keyTag}:workers`,
  /** Sorted set of the routes that workers serve, by when a worker last said so. */
  routes: `${keyTag}:routes`,
  /**
   * Sorted set of the ids of requests that ended in the retention time, with a result or an error, by when
   * they did.
   */
  ended: (how: 'result' | 'error' | '') => `${keyTag}:ended:${how}`,
  /** String: there while workers are to leave waiting requests alone. */
  paused: `${keyTag}:paused`,
  /** Stream: what administrators did, see audit.ts. */
  audit: `${keyTag}:audit`,
  /** String with expiry: that an act has been written down. */
  audited: (operation: string) => `${keyTag}:audited:${operation}`,
  /** String with expiry: written to prove that Redis takes writes. */
  probe: `${keyTag}:probe`,
};

/** How long things live; tests shorten them. */
export interface Lifetimes {
  /** Seconds a finished request and its pictures stay readable. */
  readonly retentionSeconds: number;
  /** Seconds from submission after which an unfinished request is FAILED. */
  readonly deadlineSeconds: number;
}

export const defaultLifetimes: Lifetimes = { retentionSeconds: 3600, deadlineSeconds: 3600 };
