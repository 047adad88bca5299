import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, test } from 'node:test';
import type { FastifyInstance } from 'fastify';
import { createApiKey } from '../jobs/api-keys.ts';
import { consume } from '../jobs/consumer.ts';
import type { Generate } from '../jobs/generate.ts';
import { startHeartbeat, type WorkerInfo } from '../jobs/heartbeat.ts';
import { type PrivateRedis, startPrivateRedis } from '../jobs/private-redis.ts';
import { openProducer, type Producer } from '../jobs/producer.ts';
import { routesOf } from '../jobs/routes.ts';
import { buildApp } from './app.ts';
import { deniedPrompt } from './content-policy.ts';
import { defaultSettings } from './gateway.ts';
import { createLogger } from './logging.ts';
import { checkResponses } from './response-check.ts';

/** A gateway on the network, and a worker whose requests "hold" run until the test lets them go. */
const log = createLogger('silent');
const lifetimes = { retentionSeconds: 60, deadlineSeconds: 60 };
const worker: WorkerInfo = {
  id: 'w',
  device: 'cpu',
  endpoints: ['sdxl-torch'],
  refiner: true,
  baseModels: [],
  sizeMultiple: 8,
  resident: [],
  busy: false,
};
const gates = new Map<string, () => void>();

const generate: Generate = async (request, { id, signal, progress }) => {
  const { samples, steps, seed } = request;
  for (let step = 1; step <= 3; step++)
    progress({ sample: 0, samples, step, steps }, step === 3 ? Buffer.from('jpeg') : undefined);
  if (request.prompt === 'hold')
    await new Promise<void>((resolve, reject) => {
      gates.set(id, resolve);
      signal.addEventListener('abort', () => reject(new Error('aborted')));
    });
  return {
    pictures: [{ bytes: Buffer.from('picture'), seed }],
    checkpoints: ['tiny'],
    inferenceSeconds: 1,
    stageSeconds: {},
    determinism: {
      checkpoints: [{ name: 'tiny', weights: { 'unet/model.safetensors': 'aa' } }],
      device: 'cpu',
      runtime: 'none 1',
      precision: 'float32',
      scheduler: request.scheduler,
      rng: request.rng,
      images: [{ seed, latentSha256: 'bb' }],
    },
  };
};

let redis: PrivateRedis;
let producer: Producer;
let app: FastifyInstance;
let base: string;
/** Streams of events that are open now. */
let followed = 0;
let close: () => Promise<void>;
const keys: Record<'own' | 'other' | 'admin' | 'limited', string> = {
  own: '',
  other: '',
  admin: '',
  limited: '',
};

before(async () => {
  const responses = checkResponses();
  redis = await startPrivateRedis();
  producer = await openProducer({ redisUrl: redis.url, log, lifetimes });
  const consumer = await consume({ redisUrl: redis.url, routes: routesOf(worker), log, lifetimes, generate });
  const heartbeat = await startHeartbeat(producer.redis, worker, assert.ifError);
  keys.own = (await createApiKey(producer.redis, 'own')).key;
  keys.other = (await createApiKey(producer.redis, 'other')).key;
  keys.admin = (await createApiKey(producer.redis, 'admin', { admin: true })).key;
  keys.limited = (await createApiKey(producer.redis, 'limited', { credits: 10 })).key;
  const fetchImage = { fetch: async () => Buffer.alloc(0), close: async () => undefined };
  const settings = { ...defaultSettings, heartbeatMs: 20, creditsPerSample: 1 };
  const watched: Producer = {
    ...producer,
    watch: async function* (...given) {
      followed += 1;
      try {
        yield* producer.watch(...given);
      } finally {
        followed -= 1;
      }
    },
  };
  app = await buildApp(
    {
      ...{ producer: watched, fetchImage, checkPrompts: () => undefined, settings },
      contentRefusal: (prompt) => (prompt.includes('forbidden') ? deniedPrompt : undefined),
    },
    log,
  );
  base = await app.listen({ port: 0, host: '127.0.0.1' });
  close = async () => {
    await app.close();
    await heartbeat.stop();
    await consumer.close();
    await producer.close();
    await redis.remove();
    responses.close();
  };
});
after(() => close());

const call = (
  path: string,
  options: { method?: string; key?: string; body?: object; headers?: object } = {},
) =>
  fetch(base + path, {
    method: options.method ?? 'GET',
    headers: {
      'x-api-key': options.key ?? keys.own,
      ...(options.body && { 'content-type': 'application/json' }),
      ...options.headers,
    },
    ...(options.body && { body: JSON.stringify(options.body) }),
  });

async function submit(prompt: string, key = keys.own): Promise<string> {
  const response = await call('/v2/sdxl-torch', { method: 'POST', key, body: { prompt } });
  assert.equal(response.status, 200);
  return ((await response.json()) as { request_id: string }).request_id;
}

async function running(id: string): Promise<void> {
  while (!gates.has(id)) await new Promise((resolve) => setTimeout(resolve, 5));
}

interface Heard {
  readonly event: string;
  readonly data: Record<string, unknown>;
}

/** Reads a stream of events as a browser's EventSource does; comments come as events named ''. */
async function* eventsOf(id: string, key = keys.own): AsyncGenerator<Heard, void> {
  const response = await call(`/v2/requests/${id}/events`, { key });
  assert.equal(response.headers.get('content-type'), 'text/event-stream');
  let text = '';
  for await (const chunk of response.body!) {
    text += Buffer.from(chunk).toString();
    const messages = text.split('\n\n');
    text = messages.pop()!;
    for (const message of messages) {
      const fields = new Map(message.split('\n').map((line) => line.split(/: (.*)/s, 2) as [string, string]));
      yield { event: fields.get('event') ?? '', data: JSON.parse(fields.get('data') ?? '{}') };
    }
  }
  assert.equal(text, '');
}

async function until(events: AsyncGenerator<Heard, void>, name: string): Promise<Heard> {
  for (;;) {
    const next = await events.next();
    if (next.done) throw new Error(`the stream ended without ${name}`);
    if (next.value.event === name) return next.value;
  }
}

const poll = async (path: string) => (await call(path)).json() as Promise<Record<string, unknown>>;

test('the stream and polling tell the same of a request from its queue to its result', async () => {
  const first = await submit('hold');
  await running(first);
  const second = await submit('hold');
  const events = eventsOf(second);
  assert.deepEqual((await until(events, 'status')).data, await poll(`/v2/requests/${second}/status`));
  assert.deepEqual((await until(events, 'position')).data, { position: 1 });
  await until(events, '');
  gates.get(first)!();

  const started = await until(events, 'status');
  assert.deepEqual(started.data, await poll(`/v2/requests/${second}/status`));
  assert.equal(started.data.status, 'PROCESSING');
  let step = await until(events, 'progress');
  while (step.data.step !== 3) step = await until(events, 'progress');
  assert.deepEqual(step.data, { sample: 0, samples: 1, step: 3, steps: 25 });
  assert.deepEqual((await until(events, 'preview')).data, {
    image: `data:image/jpeg;base64,${Buffer.from('jpeg').toString('base64')}`,
  });

  const late = eventsOf(second);
  assert.deepEqual((await until(late, 'progress')).data, { sample: 0, samples: 1, step: 3, steps: 25 });
  gates.get(second)!();
  for (const stream of [events, late]) {
    assert.deepEqual((await until(stream, 'done')).data, await poll(`/v2/requests/${second}`));
    assert.equal((await stream.next()).done, true);
  }
});

test('a finished request is told in one event', async () => {
  const id = await submit('a panda');
  await producer.waitFor(id, 10_000);
  const heard = [];
  for await (const message of eventsOf(id)) heard.push(message);
  assert.deepEqual(heard, [{ event: 'done', data: await poll(`/v2/requests/${id}`) }]);
});

test('a result says what decides its bits', async () => {
  const id = await submit('a panda');
  const record = await producer.waitFor(id, 10_000);
  assert.deepEqual((await poll(`/v2/requests/${id}`)).determinism, {
    checkpoints: [{ name: 'tiny', weights: { 'unet/model.safetensors': 'aa' } }],
    device: 'cpu',
    runtime: 'none 1',
    precision: 'float32',
    scheduler: 'UniPC',
    rng: 'philox',
    images: [{ seed: record!.request.seed, latent_sha256: 'bb' }],
  });
});

test('cancelling a running request frees its worker, fails it everywhere and gives its credits back', async () => {
  const balance = async () => (await (await call('/v1/credits', { key: keys.limited })).json()) as object;
  const before = await balance();
  const id = await submit('hold', keys.limited);
  await running(id);
  assert.notDeepEqual(await balance(), before);
  const events = eventsOf(id, keys.limited);
  await until(events, 'status');
  const cancelled = await call(`/v2/requests/${id}`, { method: 'DELETE', key: keys.limited });
  assert.equal(cancelled.status, 200);
  const body = (await cancelled.json()) as Record<string, unknown>;
  assert.deepEqual([body.status, body.error], ['FAILED', 'The request was cancelled']);
  assert.deepEqual((await until(events, 'failed')).data, body);
  assert.equal((await events.next()).done, true);
  const polled = await call(`/v2/requests/${id}/status`, { key: keys.limited });
  assert.equal(polled.status, 422);
  assert.deepEqual(await polled.json(), body);
  // Only a free worker can do this one.
  assert.equal((await producer.waitFor(await submit('a panda'), 10_000))?.status, 'COMPLETED');
  assert.deepEqual(await balance(), before);

  const again = await call(`/v2/requests/${id}`, { method: 'DELETE', key: keys.limited });
  assert.deepEqual([again.status, await again.json()], [200, body]);
});

test('what has ended cannot be cancelled, and what is not the own does not exist', async () => {
  const id = await submit('a panda');
  await producer.waitFor(id, 10_000);
  const late = await call(`/v2/requests/${id}`, { method: 'DELETE' });
  assert.deepEqual(
    [late.status, await late.json()],
    [409, { error: `Request ${id} has already ended as COMPLETED` }],
  );
  for (const [asked, key] of [
    [id, keys.other],
    [randomUUID(), keys.own],
  ] as const) {
    for (const [method, path] of [
      ['DELETE', ''],
      ['GET', '/events'],
    ] as const) {
      const response = await call(`/v2/requests/${asked}${path}`, { method, key });
      assert.deepEqual(
        [response.status, await response.json()],
        [404, { error: `Request ${asked} not found` }],
      );
    }
  }
});

test('a client that hangs up is no longer followed', async () => {
  const id = await submit('hold');
  await running(id);
  const aborter = new AbortController();
  const response = await fetch(`${base}/v2/requests/${id}/events`, {
    headers: { 'x-api-key': keys.own },
    signal: aborter.signal,
  });
  await response.body!.getReader().read();
  assert.equal(followed, 1);
  aborter.abort();
  while (followed > 0) await new Promise((resolve) => setTimeout(resolve, 5));
  gates.get(id)!();
  assert.equal((await producer.waitFor(id, 10_000))?.status, 'COMPLETED');
});

test('a hundred submits at once under one Idempotency-Key make one job and one charge', async () => {
  const credits = async () =>
    (
      (await (await call('/v1/credits', { key: keys.limited })).json()) as {
        data: { credits: { remaining: number } };
      }
    ).data.credits.remaining;
  const before = await credits();
  const retry = () =>
    call('/v2/sdxl-torch', {
      method: 'POST',
      key: keys.limited,
      headers: { 'idempotency-key': 'order 7' },
      body: { prompt: 'a panda', samples: 2 },
    });
  const replies = await Promise.all(Array.from({ length: 100 }, retry));
  assert.deepEqual([...new Set(replies.map(({ status }) => status))], [200]);
  const ids = new Set(
    await Promise.all(
      replies.map(async (reply) => ((await reply.json()) as { request_id: string }).request_id),
    ),
  );
  assert.equal(ids.size, 1);
  assert.equal(await credits(), before - 2);
  const [id] = ids;
  await producer.waitFor(id!, 10_000);
  // Later too, and with the fields in another order.
  const later = await call('/v2/sdxl-torch', {
    method: 'POST',
    key: keys.limited,
    headers: { 'idempotency-key': 'order 7' },
    body: { samples: 2, prompt: 'a panda' },
  });
  assert.equal(((await later.json()) as { request_id: string }).request_id, id);
  assert.equal(await credits(), before - 2);
});

test('an Idempotency-Key with another body is 409, of somebody else another request, and has a length', async () => {
  const send = (prompt: string, idempotencyKey: string, key = keys.own) =>
    call('/v2/sdxl-torch', {
      method: 'POST',
      key,
      headers: { 'idempotency-key': idempotencyKey },
      body: { prompt },
    });
  const first = (await (await send('a panda', 'k')).json()) as { request_id: string };
  const other = await send('a fox', 'k');
  assert.deepEqual(
    [other.status, await other.json()],
    [409, { error: 'The Idempotency-Key was used with another body' }],
  );
  const foreign = (await (await send('a panda', 'k', keys.other)).json()) as { request_id: string };
  assert.notEqual(foreign.request_id, first.request_id);
  assert.equal((await send('a panda', 'k'.repeat(256))).status, 400);
});

test('priority is for admin keys', async () => {
  const send = (key: string, priority: unknown) =>
    call('/v2/sdxl-torch', { method: 'POST', key, body: { prompt: 'a panda', priority } });
  const refused = await send(keys.own, 1);
  assert.deepEqual(
    [refused.status, await refused.json()],
    [403, { error: 'priority is for admin keys; this API key is none' }],
  );
  assert.equal((await send(keys.own, null)).status, 200);
  assert.equal((await send(keys.admin, '1')).status, 200);
  const wrong = await send(keys.admin, 0);
  assert.deepEqual(
    [wrong.status, await wrong.json()],
    [400, { error: 'priority must be an integer from 1 to 100, got 0' }],
  );
});

test('webhook_url is refused where nothing could sign the message', async () => {
  const response = await call('/v2/sdxl-torch', {
    method: 'POST',
    body: { prompt: 'a panda', webhook_url: 'https://example.com/hook' },
  });
  assert.equal(response.status, 400);
});

test('a prompt on the deny-list ends as FAILED with 422, no picture and no charge', async () => {
  const credits = async () => (await (await call('/v1/credits', { key: keys.limited })).json()) as object;
  const before = await credits();
  const id = await submit('something forbidden', keys.limited);
  const polled = await call(`/v2/requests/${id}`, { key: keys.limited });
  const body = (await polled.json()) as Record<string, unknown>;
  assert.deepEqual([polled.status, body.status, body.error], [422, 'FAILED', deniedPrompt]);
  const sync = await call('/v1/sdxl-torch', {
    method: 'POST',
    key: keys.limited,
    body: { prompt: 'something forbidden' },
  });
  assert.equal(sync.status, 422);
  assert.equal(((await sync.json()) as Record<string, unknown>).error, deniedPrompt);
  assert.deepEqual(await credits(), before);
});
