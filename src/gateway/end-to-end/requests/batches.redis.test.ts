import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { responseSchemas } from '../../../contract/openapi/response-schemas.ts';
import { giveLease, planLine, takeLease } from '../../../jobs/batches/batch-lines.ts';
import { createBatch } from '../../../jobs/batches/batches.ts';
import { createApiKey } from '../../../jobs/keys/api-keys.ts';
import { priorityOf } from '../../../jobs/queue/places.ts';
import { after, before } from '../../../testing/hooks.ts';
import { publicUrl, startTestService, type TestService } from '../../testing/service.ts';

let service: TestService;
before(async () => {
  service = await startTestService({ creditsPerSample: 1 });
});
after(() => service.close());

const jsonl = { 'content-type': 'application/jsonl' };
const send = (lines: readonly unknown[], headers: Record<string, string> = {}) =>
  service.post('/v2/batches', lines.map((line) => `${JSON.stringify(line)}\n`).join(''), {
    ...jsonl,
    ...headers,
  });
const sent = async (lines: readonly unknown[], headers = {}): Promise<string> => {
  const reply = await send(lines, headers);
  assert.equal(reply.statusCode, 200, reply.body);
  return reply.json().batch_id;
};
const stateOf = async (id: string, key?: string) => (await service.get(`/v2/batches/${id}`, key)).json();
const ended = async (id: string, key?: string) => {
  for (;;) {
    const state = await stateOf(id, key);
    if (state.finished_at !== null) return state;
    await setTimeout(50);
  }
};
const resultsOf = async (id: string, key?: string, query = '') => {
  const reply = await service.get(`/v2/batches/${id}/results${query}`, key);
  assert.equal(reply.headers['content-type'], 'application/jsonl');
  const lines = reply.body.split('\n').filter((line) => line !== '');
  return lines.map((line) => responseSchemas.BatchResult.parse(JSON.parse(line)));
};

test('every line of a batch becomes a request, and its result a line in the same order', async () => {
  const id = await sent([
    { prompt: 'a panda', seed: 5, custom_id: 'first' },
    { prompt: 'NaN' },
    { endpoint: 'sdxl1.0-txt2img', prompt: 'x', seed: '7', img_width: 768, samples: 2 },
    { endpoint: 'sdxl-img2img', prompt: 'x', seed: 9, image: 'https://pictures.example/a.png' },
    { endpoint: 'sdxl-img2img', prompt: 'x', image: 'data:image/png;base64,AAAA', custom_id: 'broken' },
  ]);
  const state = await ended(id);
  assert.deepEqual(
    [state.status, state.total, state.counts],
    ['COMPLETED', 5, { waiting: 0, processing: 0, completed: 3, failed: 2, cancelled: 0 }],
  );
  assert.equal(state.status_url, `${publicUrl}/v2/batches/${id}`);
  const results = await resultsOf(id);
  assert.deepEqual(
    results.map(({ line, custom_id, status }) => [line, custom_id, status]),
    [
      [1, 'first', 'COMPLETED'],
      [2, null, 'FAILED'],
      [3, null, 'COMPLETED'],
      [4, null, 'COMPLETED'],
      [5, 'broken', 'FAILED'],
    ],
  );
  assert.match(results[1]!.error!, /The latents contain NaN/);
  assert.match(results[4]!.error!, /image must be a JPEG, PNG or WebP/);
  assert.deepEqual([results[4]!.request_id, results[4]!.result], [null, null]);
  const third = results[2]!.result as unknown as { images: { url: string }[]; seed: string };
  assert.deepEqual([third.images.length, third.seed], [2, '7']);
  const picture = await service.app.inject(third.images[1]!.url.slice(publicUrl.length));
  assert.equal(picture.body, 'picture of seed 8');
  const single = (await service.get(`/v2/requests/${results[0]!.request_id}`)).json();
  assert.deepEqual(results[0]!.result, single);
  assert.deepEqual(await resultsOf(id, undefined, '?from=2'), results.slice(1));
  const wrong = await service.get(`/v2/batches/${id}/results?from=0`);
  assert.deepEqual(
    [wrong.statusCode, wrong.json().error],
    [400, 'from must be an integer from 1 to 1000, got "0"'],
  );
});

test('a batch with wrong lines is refused whole, each of them by its number and nothing else of it', async () => {
  const before = await service.producer.redis.zcard('{sdxl}:batches');
  const body = [
    '{"prompt": "right"}',
    '{"prompt": ""}',
    '',
    'no json',
    '[1]',
    '{"prompt": "x", "samples": 9}',
    '{"prompt": "x", "endpoint": "sdxl"}',
    '{"prompt": "x", "priority": 1}',
    '{"prompt": "x", "custom_id": "a"}',
    '{"prompt": "x", "custom_id": "a"}',
    '{"endpoint": "sdxl-img2img", "prompt": "x"}',
    '{"prompt": "x", "webhook_url": "https://a.example"}',
  ].join('\r\n');
  const reply = await service.post('/v2/batches', body, jsonl);
  assert.equal(reply.statusCode, 400);
  const told = (reply.json().error as string).split('; ');
  assert.deepEqual(
    told.map((each) => /^line (\d+): (\w+)/.exec(each)?.slice(1).join(' ')),
    [
      ...['2 Prompt', '4 this', '5 The', '6 samples', '7 endpoint', '8 priority', '10 custom_id', '11 image'],
      '12 webhook_url',
    ],
  );
  assert.equal(await service.producer.redis.zcard('{sdxl}:batches'), before);
  for (const [text, status, error] of [
    ['', 400, /has no lines/],
    ['\n \n', 400, /has no lines/],
    ['{"prompt":"x"}\n'.repeat(1001), 400, /at most 1000 lines, got 1001/],
    ['{"prompt":"x"}\n'.repeat(600_000), 413, /too large/],
  ] as const) {
    const refused = await service.post('/v2/batches', text, jsonl);
    assert.equal(refused.statusCode, status);
    assert.match(refused.json().error, error);
  }
  const typed = await service.post('/v2/batches', { prompt: 'x' });
  assert.equal(typed.statusCode, 406);
  assert.match(typed.json().error, /a batch is application\/jsonl/);
});

test('the same call under its Idempotency-Key is the same batch, another body under it a conflict', async () => {
  const key = { 'idempotency-key': 'weekly' };
  const ids = await Promise.all([1, 2, 3].map(() => sent([{ prompt: 'once more' }], key)));
  ids.push(await sent([{ prompt: 'once more' }], key));
  assert.equal(new Set(ids).size, 1);
  await ended(ids[0]!);
  assert.equal(service.started.filter(({ prompt }) => prompt === 'once more').length, 1);
  assert.equal((await send([{ prompt: 'another' }], key)).statusCode, 409);
});

test('a batch belongs to its key: for others, in any form and for anybody later it is not there', async () => {
  const id = await sent([{ prompt: 'mine' }]);
  await ended(id);
  for (const path of [`/v2/batches/${id}`, `/v2/batches/${id}/results`]) {
    const foreign = await service.get(path, service.otherKey);
    assert.deepEqual([foreign.statusCode, foreign.json().error], [404, `Batch ${id} not found`]);
    assert.equal((await service.app.inject(path)).statusCode, 401);
  }
  const cancelled = await service.app.inject({
    ...{ method: 'DELETE', url: `/v2/batches/${id}`, headers: { 'x-api-key': service.otherKey } },
  });
  assert.equal(cancelled.statusCode, 404);
  assert.equal((await service.get('/v2/batches/x')).statusCode, 404);
  const lives = await service.producer.redis.ttl(`{sdxl}:batch:${id}`);
  assert.ok(lives > 3500 && lives <= 3600, String(lives));
});

test('cancelling ends what has not ended, once and for all', async () => {
  const id = await sent([{ prompt: 'slow' }, ...Array.from({ length: 30 }, () => ({ prompt: 'slow' }))]);
  while ((await stateOf(id)).counts.processing === 0) await setTimeout(20);
  const cancel = () =>
    service.app.inject({ method: 'DELETE', url: `/v2/batches/${id}`, headers: { 'x-api-key': service.key } });
  assert.equal((await cancel()).json().status, 'CANCELLED');
  assert.equal((await cancel()).statusCode, 200);
  const { counts, total } = await ended(id);
  assert.equal(counts.cancelled + counts.completed, total);
  assert.ok(counts.cancelled > 20, JSON.stringify(counts));
  const results = await resultsOf(id);
  assert.equal(results.length, 31);
  assert.deepEqual(
    [results[30]!.status, results[30]!.request_id, results[30]!.error],
    ['CANCELLED', null, 'Cancelled'],
  );
  const done = await sent([{ prompt: 'x' }]);
  await ended(done);
  const late = await service.app.inject({
    ...{ method: 'DELETE', url: `/v2/batches/${done}`, headers: { 'x-api-key': service.key } },
  });
  assert.equal(late.statusCode, 409);
});

test('lines are charged as single requests: what the key cannot pay is refused at once', async () => {
  const { redis } = service.producer;
  const { key, apiKey } = await createApiKey(redis, 'poor', { credits: 3 });
  const own = { 'x-api-key': key };
  const refused = await send(
    [
      { prompt: 'x', samples: 2 },
      { prompt: 'x', samples: '2' },
    ],
    own,
  );
  assert.equal(refused.statusCode, 406);
  assert.match(refused.json().error, /costs 4 and the balance is 3/);
  const id = await sent([{ prompt: 'x', samples: 2 }, { prompt: 'NaN' }], own);
  await ended(id, key);
  // The one that failed has been paid back.
  assert.equal(await redis.hget(`{sdxl}:api-key:${apiKey.id}`, 'credits'), String(1_000_000));
});

test('a batch waits for what its key may have a minute, and runs behind single requests', async () => {
  const { key } = await createApiKey(service.producer.redis, 'hasty', { requestsPerMinute: 2 });
  const id = await sent([{ prompt: 'x' }, { prompt: 'x' }, { prompt: 'x' }], { 'x-api-key': key });
  for (;;) {
    const { counts } = await stateOf(id, key);
    if (counts.completed === 2) break;
    await setTimeout(50);
  }
  const { counts, status } = await stateOf(id, key);
  assert.deepEqual([status, counts.completed, counts.waiting], ['PROCESSING', 2, 1]);
  const [line] = await resultsOf(id, key);
  const priorityOfRequest = async (requestId: string) =>
    priorityOf(Number(await service.producer.redis.hget(`{sdxl}:request:${requestId}`, 'place')));
  assert.equal(await priorityOfRequest(line!.request_id!), 90);
  assert.equal(await priorityOfRequest(await service.submitted({ prompt: 'x' })), 50);
});

test('what a gateway has left behind in the middle is taken up by the next, each line once', async () => {
  const { redis } = service.producer;
  const id = randomUUID();
  const prompts = ['never submitted', 'submitted unmarked', 'taken back', 'not begun'];
  const own = await service.submitted({ prompt: prompts[1] });
  const { owner } = (await service.producer.read(own))!;
  const planned = [randomUUID(), own, randomUUID()];
  await redis.set(`{sdxl}:withdrawn:${planned[2]}`, '1', 'EX', 60);
  assert.ok(await takeLease(redis, id, 'the gateway that is gone'));
  const lines = prompts.map((prompt) => ({ slug: 'sdxl-torch', fields: { prompt } }));
  await createBatch(redis, { id, owner, base: publicUrl, lines });
  for (const [index, requestId] of planned.entries())
    assert.ok(await planLine(redis, id, { index, requestId }, 4));
  await giveLease(redis, id, 'the gateway that is gone');
  await ended(id);
  const results = await resultsOf(id);
  assert.deepEqual(
    results.map(({ status }) => status),
    prompts.map(() => 'COMPLETED'),
  );
  assert.deepEqual(
    results.slice(0, 3).map(({ request_id }, index) => request_id === planned[index]),
    [true, true, false],
  );
  for (const prompt of prompts)
    assert.equal(service.started.filter((each) => each.prompt === prompt).length, 1, prompt);
});
