import assert from 'node:assert/strict';
import { readConfig } from '../../config/config.ts';
import type { Generate } from '../../jobs/generate.ts';
import { createApiKey } from '../../jobs/keys/api-keys.ts';
import type { Producer } from '../../jobs/producer.ts';
import type { WorkerInfo } from '../../jobs/queue/heartbeat.ts';
import type { RedisProxy } from '../../jobs/testing/redis-proxy.ts';
import { workerInfo } from '../../jobs/testing/worker-info.ts';
import { buildApp } from '../app.ts';
import { gatewayLimits } from '../gateway.ts';
import { createLogger } from '../http/logging.ts';
import { deniedPrompt } from '../submit/content-policy.ts';
import { startTestBacking } from './backing.ts';

const worker: WorkerInfo = { ...workerInfo, endpoints: ['sdxl-torch'], baseModels: [] };

/** What a test may send; the key is `own` and the method GET unless told otherwise. */
interface CallOptions {
  readonly method?: string;
  readonly key?: string;
  readonly body?: object;
  readonly headers?: object;
}

export interface Heard {
  readonly event: string;
  readonly data: Record<string, unknown>;
}

export interface LiveService {
  readonly base: string;
  readonly producer: Producer;
  /** Between the gateway and Redis. */
  readonly proxy: RedisProxy;
  /** `limited` has 10 credits, and a sample costs one. */
  readonly keys: Readonly<Record<'own' | 'other' | 'admin' | 'limited', string>>;
  /** Streams of events that are open now. */
  followed(): number;
  call(path: string, options?: CallOptions): Promise<Response>;
  poll(path: string): Promise<Record<string, unknown>>;
  /** @returns the request's id. */
  submit(prompt: string, key?: string): Promise<string>;
  /**
   * Waits until a request with the prompt "hold" has reported its steps; then it waits for letGo or its
   * cancelling.
   */
  running(id: string): Promise<void>;
  letGo(id: string): void;
  /** Reads a stream of events as a browser's EventSource does; comments come as events named ''. */
  eventsOf(id: string, key?: string): AsyncGenerator<Heard, void>;
  close(): Promise<void>;
}

/** As long as a gateway waits for an answer of Redis: some of these tests pause it. */
const productionMs = 1000;

/**
 * A gateway on the network, and a worker whose requests "hold" run until the test lets them go; prompts with
 * "forbidden" are denied.
 */
export async function startLiveService(): Promise<LiveService> {
  const gates = new Map<string, () => void>();
  const backing = await startTestBacking(worker, generateWith(gates), {
    answerMs: productionMs,
    hasProxy: true,
  });
  const { producer } = backing;
  const createKey = async (name: string, limits?: Parameters<typeof createApiKey>[2]) =>
    (await createApiKey(producer.redis, name, limits)).key;
  const keys = {
    own: await createKey('own'),
    other: await createKey('other'),
    admin: await createKey('admin', { admin: true }),
    limited: await createKey('limited', { credits: 10 }),
  };

  let followed = 0;
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
  const app = await buildApp(
    {
      producer: watched,
      fetchImage: { fetch: async () => Buffer.alloc(0), close: async () => undefined },
      checkPrompts: () => undefined,
      countTokens: () => ({ prompt: [], negative_prompt: [] }),
      contentRefusal: (prompt) => (prompt.includes('forbidden') ? deniedPrompt : undefined),
      settings: { ...readConfig({}), ...gatewayLimits, heartbeatMs: 20, creditsPerSample: 1 },
    },
    createLogger('silent'),
  );
  const base = await app.listen({ port: 0, host: '127.0.0.1' });

  const call = (path: string, { method = 'GET', key = keys.own, body, headers }: CallOptions = {}) =>
    fetch(base + path, {
      method,
      headers: { 'x-api-key': key, ...(body && { 'content-type': 'application/json' }), ...headers },
      ...(body && { body: JSON.stringify(body) }),
    });

  return {
    ...{ base, producer, proxy: backing.proxy!, keys, call },
    followed: () => followed,
    poll: async (path) => (await call(path)).json() as Promise<Record<string, unknown>>,
    submit: async (prompt, key = keys.own) => {
      const response = await call('/v2/sdxl-torch', { method: 'POST', key, body: { prompt } });
      assert.equal(response.status, 200);
      return ((await response.json()) as { request_id: string }).request_id;
    },
    running: async (id) => {
      while (!gates.has(id)) await new Promise((resolve) => setTimeout(resolve, 5));
    },
    letGo: (id) => gates.get(id)!(),
    eventsOf: async function* (id, key = keys.own) {
      const response = await call(`/v2/requests/${id}/events`, { key });
      assert.equal(response.headers.get('content-type'), 'text/event-stream');
      yield* heard(response);
    },
    close: async () => {
      await app.close();
      await backing.close();
    },
  };
}

/** Three steps, then, for "hold", until its gate opens. */
function generateWith(gates: Map<string, () => void>): Generate {
  return async (request, { id, signal, progress }) => {
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
}

async function* heard(response: Response): AsyncGenerator<Heard, void> {
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

/** The next event of that name; those before it are dropped. */
export async function until(events: AsyncGenerator<Heard, void>, name: string): Promise<Heard> {
  for (;;) {
    const next = await events.next();
    if (next.done) throw new Error(`the stream ended without ${name}`);
    if (next.value.event === name) return next.value;
  }
}
