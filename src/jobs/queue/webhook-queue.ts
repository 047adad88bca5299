import { setTimeout } from 'node:timers/promises';
import type { RequestRecord } from '../../contract/request-record.ts';
import { createBell } from '../bell.ts';
import { JobError } from '../job-error.ts';
import type { Log } from '../log.ts';
import { readRecord } from '../records/read-record.ts';
import {
  claimWebhooks,
  type DueWebhook,
  keptMessage,
  type Shares,
  webhookDone,
  webhookLater,
} from '../records/webhooks-due.ts';
import type { Connection } from '../redis/connection.ts';

/** What is sent about one ended request; the same in every attempt. */
export interface WebhookMessage {
  /** Id of the request. */
  readonly id: string;
  readonly url: string;
  readonly body: string;
}

export type WebhookOutcome = 'delivered' | 'to be repeated' | 'given up';

export interface WebhookQueueOptions {
  readonly redis: Connection;
  readonly log: Log;
  /** The message about an ended request. */
  readonly compose: (record: RequestRecord, base: string) => Promise<string>;
  /**
   * Ends within `timeoutMs`, and when the signal aborts.
   * @throws to be tried again; JobError that is not retryable to give up.
   */
  readonly deliver: (message: WebhookMessage, signal: AbortSignal) => Promise<void>;
  readonly timeoutMs: number;
  /** Hears of each attempt, for counting. */
  readonly onAttempt?: ((outcome: WebhookOutcome) => void) | undefined;
  /** Waits between attempts. */
  readonly retryDelaysMs?: readonly number[];
  /** How often ended requests are looked for. */
  readonly intervalMs?: number;
}

/** About an hour in all, as long as the result stays readable. */
const hourOfRetries = [5_000, 30_000, 120_000, 600_000, 1_800_000, 1_800_000];
/** One owner's slow receivers leave room for the others', and one slow receiver for its owner's others. */
const shares: Shares = { all: 32, owner: 8, host: 4 };
const defaultIntervalMs = 250;
/** A delivery of a process that has died is due again this long after its time limit. */
const graceMs = 5000;
/** Closing gives deliveries under way this long; then they are due again at once. */
const closingMs = 1000;

/**
 * Tells the ends of requests to their webhooks. That one is due is written in the same step as the end
 * itself, so no crash loses it; a receiver may hear of an end more than once and knows it by the message's
 * id. Only an answer, or none within the time limit, counts as an attempt.
 */
export function openWebhookQueue(options: WebhookQueueOptions): { close(): Promise<void> } {
  const { redis, log, compose, deliver, timeoutMs, retryDelaysMs = hourOfRetries } = options;
  const { intervalMs = defaultIntervalMs, onAttempt = () => undefined } = options;
  const onError = (error: unknown) => log.warn({ err: error }, 'webhook queue error');
  const giveUp = new AbortController();
  let stopped = false;
  const bell = createBell();
  const busy = new Map<string, number>();
  const underWay = new Set<Promise<void>>();
  const count = (what: string, change: number): void => {
    const next = (busy.get(what) ?? 0) + change;
    if (next > 0) busy.set(what, next);
    else busy.delete(what);
  };

  const attempt = async (due: DueWebhook): Promise<void> => {
    const { id, target, attempts } = due;
    const found = await readRecord(redis, id);
    const composed = found && target && (await compose(found.record, target.base));
    const body = composed && (await keptMessage(redis, id, composed));
    if (target === undefined || body === undefined) {
      log.warn({ id, attempts }, 'webhook given up: the result has expired');
      onAttempt('given up');
      return await webhookDone(redis, due);
    }
    try {
      await deliver({ id, url: target.url, body }, giveUp.signal);
      onAttempt('delivered');
    } catch (error) {
      if (giveUp.signal.aborted) return await webhookLater(redis, due, 0, attempts);
      const delayMs = error instanceof JobError && !error.retryable ? undefined : retryDelaysMs[attempts];
      log.warn({ id, attempts: attempts + 1, delayMs, err: error }, 'webhook not delivered');
      onAttempt(delayMs === undefined ? 'given up' : 'to be repeated');
      if (delayMs !== undefined) return await webhookLater(redis, due, delayMs, attempts + 1);
    }
    await webhookDone(redis, due);
  };
  const start = (due: DueWebhook): void => {
    const { owner, share } = due;
    for (const what of [owner, share]) count(what, 1);
    const delivery = attempt(due)
      .catch(onError)
      .finally(() => {
        for (const what of [owner, share]) count(what, -1);
        underWay.delete(delivery);
        bell.ring();
      });
    underWay.add(delivery);
  };
  const claim = async (): Promise<void> => {
    const room = shares.all - underWay.size;
    if (room <= 0 || redis.status !== 'ready') return;
    for (const due of await claimWebhooks(redis, timeoutMs + graceMs, room, shares, busy)) start(due);
  };
  const loop = async (): Promise<void> => {
    while (!stopped) {
      await claim().catch(onError);
      await bell.wait(intervalMs);
    }
  };
  const looping = loop();

  return {
    close: async () => {
      stopped = true;
      bell.ring();
      await looping;
      const all = Promise.all(underWay);
      await Promise.race([all, setTimeout(closingMs, undefined, { ref: false })]);
      giveUp.abort();
      await all;
    },
  };
}
