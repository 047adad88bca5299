import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, afterEach, test } from 'node:test';
import { request } from '../../contract/testing/requests.ts';
import { claimWebhooks } from '../records/webhooks-due.ts';
import { keyOf } from '../redis/names.ts';
import { log } from '../testing/outputs.ts';
import { openTestQueue } from '../testing/queue.ts';
import { openWebhookQueue, type WebhookMessage, type WebhookQueueOptions } from './webhook-queue.ts';

let open: { close(): Promise<void> }[] = [];
const queue = await openTestQueue();
const { producer } = queue;
afterEach(async () => {
  await Promise.all(open.map((each) => each.close()));
  open = [];
  const due = await producer.redis.keys(keyOf.webhooks('*'));
  await producer.redis.del(keyOf.webhookOwners, ...due);
});
after(() => queue.close());

/** A request of that owner, ended, whose webhook is that. */
async function ended(owner: string, url: string): Promise<string> {
  const id = randomUUID();
  await producer.submit(id, owner, request, 0, { webhook: { url, base: 'http://gw' } });
  await producer.cancel(id);
  return id;
}

function deliverWith(
  deliver: WebhookQueueOptions['deliver'],
  options: Partial<WebhookQueueOptions> = {},
): { close(): Promise<void> } {
  const webhooks = openWebhookQueue({
    ...{ redis: producer.redis, log, timeoutMs: 200, intervalMs: 20, deliver },
    compose: async ({ id }) => `of ${id}`,
    ...options,
  });
  open.push(webhooks);
  return webhooks;
}

/** Until the time limit, as from a receiver that never answers. */
const silence = (signal: AbortSignal) =>
  new Promise<never>((_, reject) => {
    const end = () => reject(new Error('no answer'));
    const timer = setTimeout(end, 200);
    signal.addEventListener('abort', () => {
      clearTimeout(timer);
      end();
    });
  });

test('two hundred slow webhooks of one owner do not hold up those of another', async () => {
  for (let index = 0; index < 200; index++) await ended('slow', `https://silent${index % 3}.example/hook`);
  let most = 0;
  let now = 0;
  const told = Promise.withResolvers<number>();
  deliverWith(async ({ url }, signal) => {
    if (url.includes('quick')) return told.resolve(performance.now());
    now += 1;
    most = Math.max(most, now);
    await silence(signal).finally(() => {
      now -= 1;
    });
  });
  while (most < 8) await new Promise((resolve) => setTimeout(resolve, 5));
  const from = performance.now();
  await ended('other', 'https://quick.example/hook');
  assert.ok((await told.promise) - from < 1000);
  assert.equal(most, 8);
});

test("one receiver that never answers leaves room for its owner's others", async () => {
  for (let index = 0; index < 20; index++) await ended('owner', 'https://silent.example/hook');
  const told = Promise.withResolvers<void>();
  deliverWith(({ url }, signal) =>
    url.includes('quick') ? Promise.resolve(told.resolve()) : silence(signal),
  );
  await ended('owner', 'https://quick.example/hook');
  await told.promise;
});

test('what a killed gateway was delivering is delivered by another, and costs no attempt', async () => {
  const id = await ended('killed', 'https://a.example/hook');
  // It claims, and never says how that ended: so often that attempts would be used up.
  for (let death = 0; death < 3; death++) {
    const claimed = await claimWebhooks(producer.redis, 0, 32, { all: 32, owner: 8, host: 4 }, new Map());
    assert.deepEqual(
      claimed.map((each) => [each.id, each.attempts]),
      [[id, 0]],
    );
  }
  const message = Promise.withResolvers<WebhookMessage>();
  deliverWith(async (each) => message.resolve(each), { retryDelaysMs: [] });
  assert.deepEqual(await message.promise, { id, url: 'https://a.example/hook', body: `of ${id}` });
});

test('the message is the same in each attempt, and its time ends with the result', async () => {
  const id = await ended('patient', 'https://a.example/hook');
  const bodies: string[] = [];
  let composed = 0;
  const second = Promise.withResolvers<void>();
  deliverWith(
    async ({ body }) => {
      bodies.push(body);
      if (bodies.length === 2) second.resolve();
      throw new Error('not now');
    },
    { retryDelaysMs: [10, 10_000], compose: async () => `composed ${composed++}` },
  );
  await second.promise;
  assert.deepEqual(bodies, ['composed 0', 'composed 0']);
  // Nothing of the message is left once the record is gone.
  await producer.redis.del(keyOf.request(id));
  await producer.redis.zadd(keyOf.webhooks('patient'), 0, id);
  while ((await producer.redis.exists(keyOf.webhooks('patient'))) === 1)
    await new Promise((resolve) => setTimeout(resolve, 20));
  assert.deepEqual(await producer.redis.keys(`*${id}*`), []);
});
