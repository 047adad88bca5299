import { createHmac } from 'node:crypto';
import { request } from 'undici';
import { resultBody, statusBody } from '../../contract/answers/responses.ts';
import { ApiError } from '../../contract/errors.ts';
import type { RequestRecord } from '../../contract/request-record.ts';
import { show } from '../../contract/show.ts';
import { JobError } from '../../jobs/job-error.ts';
import { readBalance } from '../../jobs/keys/credits.ts';
import type { Log } from '../../jobs/log.ts';
import type { Producer } from '../../jobs/producer.ts';
import {
  openWebhookQueue,
  type WebhookMessage,
  type WebhookOutcome,
} from '../../jobs/queue/webhook-queue.ts';
import { maskAddress } from '../../process/mask-secrets.ts';
import { checkedAgent, checkedUrl, Refusal } from './checked-address.ts';

/** Sending of signed messages about ended requests. */
export interface Webhooks {
  /** @throws ApiError invalidParameter for an address that may not be called. */
  assertAllowed(url: string): void;
  close(): Promise<void>;
}

export interface WebhookOptions {
  readonly producer: Producer;
  readonly log: Log;
  /** `whsec_` and the key in base64. */
  readonly secret: string;
  /** `host:port` pairs that may be private and on any port. */
  readonly allowedHosts: readonly string[];
  readonly onAttempt?: ((outcome: WebhookOutcome) => void) | undefined;
  readonly timeoutMs?: number;
  readonly retryDelaysMs?: readonly number[];
  readonly intervalMs?: number;
}

/** A receiver takes a message and works on it later; one that does not answer by then is asked again. */
const defaultTimeoutMs = 5000;
/** Of an answer nothing is read but its status. */
const longestAnswer = 65_536;

/** Headers and signature: standardwebhooks.com, specification 1.0.0, symmetric scheme `v1`. */
export function openWebhooks(options: WebhookOptions): Webhooks {
  const { producer, secret, allowedHosts, timeoutMs = defaultTimeoutMs } = options;
  const agent = checkedAgent(allowedHosts, timeoutMs, longestAnswer);

  const compose = async (record: RequestRecord, base: string): Promise<string> => {
    const { remaining } = await readBalance(producer.redis, record.owner);
    const done = record.status === 'COMPLETED';
    return JSON.stringify({
      type: done ? 'request.completed' : 'request.failed',
      timestamp: new Date(record.finishedAt!).toISOString(),
      data: done ? resultBody(base, record, remaining) : statusBody(base, record),
    });
  };

  // Checked again, because the allowed hosts may have changed since the submit.
  const target = (url: string): URL => {
    try {
      return checkedUrl(url, undefined, allowedHosts);
    } catch (error) {
      throw new JobError(`webhook_url ${(error as Refusal).message}`, { retryable: false });
    }
  };

  const deliver = async ({ id, url, body }: WebhookMessage, signal: AbortSignal): Promise<void> => {
    const messageId = `msg_${id}`;
    const timestamp = Math.floor(Date.now() / 1000);
    const { statusCode, body: answer } = await request(target(url), {
      method: 'POST',
      dispatcher: agent,
      signal: AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]),
      headers: {
        'content-type': 'application/json',
        'user-agent': 'sdxl-server',
        'webhook-id': messageId,
        'webhook-timestamp': String(timestamp),
        'webhook-signature': signature(secret, messageId, timestamp, body),
      },
      body,
    });
    await answer.dump({ limit: longestAnswer }).catch(() => undefined);
    if (statusCode >= 200 && statusCode < 300) return;
    // A receiver that is gone says so with 410; a redirect is no acknowledgement and is not followed.
    throw new JobError(`the webhook answered with status ${statusCode}`, { retryable: statusCode !== 410 });
  };

  const queue = openWebhookQueue({ ...options, redis: producer.redis, timeoutMs, compose, deliver });
  return {
    assertAllowed: (url) => {
      try {
        checkedUrl(url, undefined, allowedHosts);
      } catch (error) {
        if (!(error instanceof Refusal)) throw error;
        throw new ApiError('invalidParameter', `webhook_url ${show(maskAddress(url))} ${error.message}`);
      }
    },
    close: async () => {
      await queue.close();
      await agent.destroy();
    },
  };
}

function signature(secret: string, id: string, timestamp: number, body: string): string {
  const key = Buffer.from(secret.slice('whsec_'.length), 'base64');
  return `v1,${createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64')}`;
}
