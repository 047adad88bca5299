import { setTimeout } from 'node:timers/promises';
import type { GeneratedImage } from '../../contract/generation.ts';
import { unlessAborted } from '../../process/unless-aborted.ts';
import { type ResultStore, StoreError } from '../../results/result-store.ts';
import { JobError } from '../job-error.ts';
import type { Log } from '../log.ts';
import type { Connection } from '../redis/connection.ts';
import { keyOf } from '../redis/names.ts';
import { defineScript } from '../redis/script.ts';
import { now } from './record-scripts.ts';

/**
 * Pictures that are kept outside Redis. Before one is put there it is entered in a sorted set by when it is
 * to be deleted, so that whatever becomes of the worker it does not stay; the completion of its request sets
 * that time anew, and the sweep asks the picture's own key, which alone says whether it can be read.
 */

/** The pictures of an attempt could not be kept. */
export class NotKept extends JobError {
  override readonly name = 'NotKept';
}

/** A worker that puts pictures somewhere has given up on it long before. */
export const enteredForMs = 3_600_000;

const enterScript = defineScript(`${now}
for i = 2, #ARGV do redis.call('ZADD', KEYS[1], now + ARGV[1], ARGV[i]) end
return 1`);

/** A store that fails is asked again for this long; then the request has failed. */
const patienceMs = 300_000;
const firstPauseMs = 250;
const longestPauseMs = 8000;

export interface Keeping {
  readonly redis: Connection;
  readonly store: ResultStore;
  /** Of the attempt. */
  readonly signal: AbortSignal;
  readonly log: Log;
  readonly patienceMs?: number | undefined;
}

/**
 * Puts the pictures of an attempt into the store, all of them, before anybody is told of them.
 * @throws NotKept where the store does not take them within its time; Error once the attempt is stopped.
 */
export async function keepOutputs(
  { redis, store, signal, log, patienceMs: patience = patienceMs }: Keeping,
  images: readonly GeneratedImage[],
  pictures: readonly { readonly bytes: Uint8Array }[],
): Promise<void> {
  const paths = images.map(({ path }) => path);
  await enterScript.run(redis, [keyOf.kept], [enteredForMs, ...paths]);
  const giveUpAt = performance.now() + patience;
  let pauseMs = firstPauseMs;
  for (const [index, { path, contentType }] of images.entries()) {
    for (;;) {
      signal.throwIfAborted();
      try {
        // What was put anyway is deleted by the sweep: its path has been entered.
        const put = store.put(path, pictures[index]!.bytes, contentType);
        await unlessAborted(put, signal, 'the attempt is stopped');
        break;
      } catch (error) {
        if (!(error instanceof StoreError)) throw error;
        if (performance.now() + pauseMs > giveUpAt)
          throw new NotKept('The pictures could not be stored', { retryable: false, cause: error });
        log.warn({ path: path.split('/')[0], err: error }, 'a picture cannot be stored yet');
        await setTimeout(pauseMs, undefined, { signal });
        pauseMs = Math.min(2 * pauseMs, longestPauseMs);
      }
    }
  }
}

/** Nobody wants these any more: the next sweep deletes them. */
export async function dropKept(redis: Connection, images: readonly GeneratedImage[]): Promise<void> {
  await enterScript.run(redis, [keyOf.kept], [0, ...images.map(({ path }) => path)]);
}
