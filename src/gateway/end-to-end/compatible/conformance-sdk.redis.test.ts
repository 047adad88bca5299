import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { after, before } from '../../../testing/hooks.ts';
import { startTestService, type TestService } from '../../testing/service.ts';

/**
 * Wire contract 4.4: what the published Python SDK (segmind 1.1.0 and later) does, as read in its source and
 * written anew: which addresses it builds, what it takes as the end of a wait, which part of an error it
 * shows. On a real socket, as it polls.
 */

let service: TestService;
let base: string;
before(async () => {
  service = await startTestService({ publicUrl: undefined });
  base = await service.app.listen({ host: '127.0.0.1', port: 0 });
});
after(() => service.close());

interface Body {
  readonly [name: string]: unknown;
}

class SdkError extends Error {
  readonly kind: 'failed' | 'timeout' | 'status';
  readonly status: number | undefined;
  constructor(kind: SdkError['kind'], detail: unknown, status?: number) {
    super(String(detail));
    this.kind = kind;
    this.status = status;
  }
}

function sdk(key: string, baseUrl: string) {
  const headers = {
    'x-api-key': key,
    'user-agent': 'segmind-python-sdk/1.3.0',
    'x-initiator': 'SDK-PY',
    accept: '*/*',
  };
  // A last segment that starts with "v" is dropped.
  const trimmed = baseUrl.replace(/\/+$/, '');
  const v2 = `${trimmed.replace(/\/v[^/]*$/, '')}/v2`;
  const get = (url: string) => fetch(url, { headers, redirect: 'manual' });
  const post = (url: string, params: object) =>
    fetch(url, {
      method: 'POST',
      headers: { ...headers, 'content-type': 'application/json' },
      body: JSON.stringify(params),
      redirect: 'manual',
    });
  const raise = async (response: Response): Promise<never> => {
    const body = (await response.json().catch(() => ({}))) as Body;
    throw new SdkError('status', body.error, response.status);
  };
  // 200 to 399 pass: a redirect would be read as an answer.
  const isPassed = ({ status }: Response) => status >= 200 && status < 400;
  const poll = async (url: string): Promise<Body> => {
    const response = await get(url);
    const text = await response.text();
    let body: Body;
    try {
      body = JSON.parse(text);
    } catch {
      body = {};
    }
    if (body.status === 'COMPLETED' || body.status === 'FAILED') return body;
    if (response.ok) return body;
    throw new SdkError('status', body.error, response.status);
  };
  const submitAsync = async (slug: string, params: object) => {
    const response = await post(`${v2}/${slug}`, params);
    if (!isPassed(response)) await raise(response);
    const body = (await response.json()) as Record<string, string>;
    for (const name of ['request_id', 'status_url', 'response_url'])
      if (!body[name]) throw new SdkError('status', `the submit reply lacks ${name}`, response.status);
    return body;
  };
  const wait = async (job: Record<string, string>, timeoutMs = 600_000, intervalMs = 1000): Promise<Body> => {
    const until = performance.now() + timeoutMs;
    for (;;) {
      const body = await poll(job.status_url!);
      if (body.status === 'COMPLETED') return poll(job.response_url!);
      if (body.status === 'FAILED') throw new SdkError('failed', body.error);
      if (performance.now() >= until) throw new SdkError('timeout', job.request_id);
      await setTimeout(intervalMs);
    }
  };
  return {
    submitAsync,
    wait,
    poll,
    run: async (slug: string, params: object) => wait(await submitAsync(slug, params)),
    runSync: async (slug: string, params: object) => {
      const response = await post(`${trimmed}/${slug}`, params);
      if (!isPassed(response)) await raise(response);
      return response;
    },
  };
}

async function sdkError(call: Promise<unknown>): Promise<SdkError> {
  const error = await call.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof SdkError, String(error));
  return error;
}

const prompt = 'a panda in the low light';

test('4.4 run: submit, poll and fetch give the result with its metrics and pictures', async () => {
  const result = await sdk(service.key, `${base}/v1`).run('sdxl-torch', {
    prompt,
    seed: 21,
    samples: 2,
    // Every keyword goes into the body, those of the SDK itself too.
    timeout: 30,
    interval: 1,
  });
  assert.equal(result.status, 'COMPLETED');
  assert.equal((result.metrics as Body).inference_time, 1.25);
  const [, second] = result.images as Record<string, string>[];
  assert.equal(await (await fetch(second!.url!)).text(), 'picture of seed 22');
});

test('4.4 base_url: with /v1, with /v1/ and without a path, the v2 addresses are found', async () => {
  for (const address of [`${base}/v1`, `${base}/v1/`, base]) {
    const job = await sdk(service.key, address).submitAsync('sdxl-torch', { prompt });
    assert.ok(job.status_url!.startsWith(`${base}/v2/requests/`));
    await service.ended(job.request_id!);
  }
});

test('4.4 status: never a 404 between submit and first poll', async () => {
  const client = sdk(service.key, `${base}/v1`);
  await Promise.all(
    Array.from({ length: 50 }, async () => {
      const job = await client.submitAsync('sdxl-torch', { prompt });
      assert.ok((await client.poll(job.status_url!)).status);
    }),
  );
});

test('4.4 wait, FAILED: InferenceFailed carries the error of the status body', async () => {
  const error = await sdkError(sdk(service.key, `${base}/v1`).run('sdxl-torch', { prompt: 'NaN' }));
  assert.equal(error.kind, 'failed');
  assert.equal(error.message, 'The latents contain NaN');
});

test('4.4 result of a FAILED job is its body, whatever the status code', async () => {
  const client = sdk(service.key, `${base}/v1`);
  const job = await client.submitAsync('sdxl-torch', { prompt: 'NaN' });
  await service.ended(job.request_id!);
  assert.equal((await client.poll(job.response_url!)).status, 'FAILED');
});

test('4.4 wait, deadline: InferenceTimeout names the request, which goes on', async () => {
  const client = sdk(service.key, `${base}/v1`);
  const job = await client.submitAsync('sdxl-torch', { prompt: 'slow' });
  const error = await sdkError(client.wait(job, 0, 10));
  assert.equal(error.kind, 'timeout');
  assert.equal(error.message, job.request_id);
  assert.equal((await client.wait(job, 60_000, 50)).status, 'COMPLETED');
});

test('4.4 errors while polling end the wait at once with the text of the `error` key', async () => {
  const client = sdk(service.key, `${base}/v1`);
  const id = randomUUID();
  const unknown = { request_id: id, status_url: `${base}/v2/requests/${id}/status` };
  const error = await sdkError(client.wait(unknown));
  assert.equal(error.status, 404);
  assert.equal(error.message, `Request ${id} not found`);
});

test('4.4 errors of a submit: invalid fields, unknown slugs, wrong keys', async () => {
  const client = sdk(service.key, `${base}/v1`);
  for (const [call, status, text] of [
    [() => client.run('sdxl-torch', {}), 400, /^Prompt is Mandatory$/],
    [
      () => client.run('sdxl-torch', { prompt, samples: 0 }),
      400,
      /^samples must be an integer from 1 to 4, got 0$/,
    ],
    [() => client.run('sdxl-nothing', { prompt }), 404, /sdxl-nothing/],
    [
      () => sdk('SG_0123456789abcdef', base).run('sdxl-torch', { prompt }),
      401,
      /^Unauthorized\. API key is invalid/,
    ],
    [
      () => sdk('', `${base}/v1`).runSync('sdxl-torch', { prompt }),
      401,
      /^Missing Authorization or x-api-key/,
    ],
  ] as const) {
    const error = await sdkError(call());
    assert.equal(error.status, status);
    assert.match(error.message, text);
  }
});

test('4.4 run_sync: the raw answer, with bytes and headers', async () => {
  const response = await sdk(service.key, `${base}/v1`).runSync('sdxl-torch', { prompt, seed: 31 });
  assert.equal(response.headers.get('content-type'), 'image/jpeg');
  assert.equal(response.headers.get('x-remaining-credits'), '999999');
  assert.equal(await response.text(), 'picture of seed 31');
});

test('4.4 no answer is a redirect, with a slash too many neither', async () => {
  for (const path of ['/v2/sdxl-torch/', '/v1//sdxl-torch', '/docs/', '/v2/requests/']) {
    const response = await fetch(`${base}${path}`, {
      method: 'POST',
      headers: { 'x-api-key': service.key, 'content-type': 'application/json' },
      body: JSON.stringify({ prompt }),
      redirect: 'manual',
    });
    assert.ok(response.status < 300 || response.status >= 400, `${path} ${response.status}`);
    if (path.includes('torch')) assert.equal(response.status, 200, path);
  }
});
