import assert from 'node:assert/strict';
import { randomBytes, randomUUID } from 'node:crypto';
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { Webhook } from 'standardwebhooks';
import { routeOf } from '../../../contract/routes.ts';
import { request } from '../../../contract/testing/requests.ts';
import { openProducer, type Producer } from '../../../jobs/producer.ts';
import { consume } from '../../../jobs/queue/consumer.ts';
import { log, output } from '../../../jobs/testing/outputs.ts';
import { type PrivateRedis, startPrivateRedis } from '../../../jobs/testing/redis-server.ts';
import { after, before } from '../../../testing/hooks.ts';
import { openWebhooks, type Webhooks } from '../../outbound/webhooks.ts';

const lifetimes = { retentionSeconds: 60, deadlineSeconds: 60 };
const secret = `whsec_${randomBytes(32).toString('base64')}`;
const base = 'http://gw.example:8080';

interface Received {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

let redis: PrivateRedis;
let producer: Producer;
let server: Server;
let host: string;
let webhooks: Webhooks;
/** Statuses of the next answers; 204 when there are none left. */
let answers: number[] = [];
let received: Received[] = [];
let heard: () => void = () => undefined;

before(async () => {
  redis = await startPrivateRedis();
  producer = await openProducer({ redisUrl: redis.url, log, lifetimes });
  server = createServer(async (message, response) => {
    const chunks = [];
    for await (const chunk of message) chunks.push(chunk as Buffer);
    received.push({ path: message.url!, headers: message.headers, body: Buffer.concat(chunks).toString() });
    response.writeHead(answers.shift() ?? 204, { location: '/elsewhere' }).end();
    heard();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  webhooks = openWebhooks({
    ...{ producer, log, secret, allowedHosts: [host] },
    retryDelaysMs: [10, 10],
    intervalMs: 20,
  });
});
after(async () => {
  await webhooks.close();
  await producer.close();
  await redis.remove();
  server.close();
});

async function submit(path = '/hook'): Promise<string> {
  const id = randomUUID();
  await producer.submit(id, 'owner', request, 0, { webhook: { url: `http://${host}${path}`, base } });
  return id;
}

async function messages(count: number): Promise<Received[]> {
  while (received.length < count)
    await new Promise<void>((resolve) => {
      heard = resolve;
    });
  const all = received;
  received = [];
  return all;
}

const verified = ({ body, headers }: Received) =>
  new Webhook(secret).verify(body, headers as Record<string, string>) as {
    type: string;
    timestamp: string;
    data: Record<string, unknown>;
  };

test('the end of a request is told to its webhook, signed as Standard Webhooks has it', async (t) => {
  const consumer = await consume({
    redisUrl: redis.url,
    routes: [routeOf(request)],
    log,
    lifetimes,
    generate: async ({ seed }) => output(seed),
  });
  t.after(() => consumer.close());
  const id = await submit();
  const [message] = await messages(1);
  const { type, data, timestamp } = verified(message!);
  assert.equal(type, 'request.completed');
  assert.equal(message!.headers['webhook-id'], `msg_${id}`);
  assert.equal(message!.headers['content-type'], 'application/json');
  assert.equal(new Date(timestamp).getTime(), (await producer.read(id))!.finishedAt);
  assert.deepEqual([data.request_id, data.status], [id, 'COMPLETED']);
  assert.match(String(data.output), /^http:\/\/gw\.example:8080\/outputs\//);
  assert.throws(() => verified({ ...message!, body: message!.body.replace('COMPLETED', 'FAILED') }));
});

test('a cancelled request is told as failed', async () => {
  const id = await submit();
  await producer.cancel(id);
  const [message] = await messages(1);
  const { type, data } = verified(message!);
  assert.deepEqual(
    [type, data.request_id, data.status, data.error],
    ['request.failed', id, 'FAILED', 'The request was cancelled'],
  );
});

test('a message is sent again under the same id until it is taken, and redirects are not', async () => {
  answers = [500, 302];
  const id = await submit();
  await producer.cancel(id);
  const all = await messages(3);
  assert.deepEqual(
    all.map(({ headers, path }) => [headers['webhook-id'], path]),
    Array.from({ length: 3 }, () => [`msg_${id}`, '/hook']),
  );
  for (const message of all) assert.equal(verified(message).data.request_id, id);
});

test('a receiver that is gone, or never takes it, is left alone', async () => {
  answers = [410];
  await producer.cancel(await submit('/gone'));
  assert.deepEqual((await messages(1)).length, 1);
  answers = [500, 500, 500];
  await producer.cancel(await submit('/broken'));
  assert.equal((await messages(3)).length, 3);
  // Whatever came after these would have come before the next one.
  await producer.cancel(await submit('/last'));
  assert.deepEqual(
    (await messages(1)).map(({ path }) => path),
    ['/last'],
  );
});

test('an end that nobody told yet is told by the next gateway', async () => {
  await webhooks.close();
  const id = await submit('/late');
  await producer.cancel(id);
  assert.deepEqual(await producer.redis.zrange('{sdxl}:webhooks:owner', '0', '-1'), [id]);
  webhooks = openWebhooks({
    ...{ producer, log, secret, allowedHosts: [host] },
    intervalMs: 20,
  });
  assert.equal((await messages(1))[0]?.path, '/late');
});

for (const [url, reason] of [
  ['http://127.0.0.1/', 'is on a port that is not allowed'],
  ['http://127.0.0.2/', 'is not on the public internet'],
  ['http://169.254.169.254/latest', 'is not on the public internet'],
  ['http://[::ffff:10.0.0.1]/', 'is not on the public internet'],
  ['https://example.com:8443/', 'is on a port other than 80 and 443'],
  ['https://user:pw@example.com/', 'carries a user name or password'],
  ['ftp://example.com/', 'is neither http nor https'],
  ['hook', 'is not a valid URL'],
] as const)
  test(`the address ${url} is refused`, () => {
    assert.throws(() => webhooks.assertAllowed(url), { status: 400, message: new RegExp(`${reason}$`) });
  });

test('an allowed and a public address are not refused', () => {
  webhooks.assertAllowed(`http://${host}/hook`);
  webhooks.assertAllowed('https://example.com/hook');
});
