import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { type ApiKey, createApiKey, findApiKey } from '../../../jobs/keys/api-keys.ts';
import { startHeartbeat } from '../../../jobs/queue/heartbeat.ts';
import { workerInfo } from '../../../jobs/testing/worker-info.ts';
import { after, before } from '../../../testing/hooks.ts';
import { startTestService, type TestService } from '../../testing/service.ts';

/** The admin API, as an administrator's page and commands use it. */

let service: TestService;
let adminKey: string;
let admin: ApiKey;
before(async () => {
  service = await startTestService();
  ({ key: adminKey, apiKey: admin } = await createApiKey(service.producer.redis, 'root', { admin: true }));
});
after(() => service.close());

type Method = 'GET' | 'POST' | 'PATCH' | 'DELETE';
async function ask(method: Method, url: string, body?: object, key = adminKey) {
  const headers = { 'x-api-key': key };
  const payload = body && { payload: body };
  const response = await service.app.inject({ method, url, headers, ...payload });
  return { status: response.statusCode, body: response.json(), headers: response.headers };
}

test('every address of the admin API is 401 without a key and 403 with a key that is no admin key', async () => {
  for (const url of ['keys', 'requests', 'queues', 'workers', 'audit']) {
    assert.equal((await ask('GET', `/v1/admin/${url}`, undefined, '')).status, 401, url);
    const refused = await ask('GET', `/v1/admin/${url}`, undefined, service.key);
    assert.equal(refused.status, 403, url);
    assert.match(refused.body.error, /admin keys/);
  }
  assert.equal((await ask('POST', '/v1/admin/keys', { name: 'x' }, service.key)).status, 403);
});

test('a key is created, told once, listed without itself, changed, credited and revoked', async () => {
  const { redis } = service.producer;
  const limits = { endpoints: ['sdxl-torch'], credits: 2, requests_per_minute: 60, max_queued: 3 };
  const created = await ask('POST', '/v1/admin/keys', { name: 'alice', ...limits });
  assert.equal(created.status, 201);
  const { key, id } = created.body;
  assert.match(key, /^SG_[0-9a-f]{16}$/);
  assert.equal((await findApiKey(redis, key))?.id, id);

  const { body: list } = await ask('GET', '/v1/admin/keys');
  const listed = list.keys.find((each: { id: string }) => each.id === id);
  assert.deepEqual(listed, { id, name: 'alice', admin: false, created_at: listed.created_at, ...limits });
  assert.ok(!JSON.stringify(list).includes(key));

  const changed = await ask('PATCH', `/v1/admin/keys/${id}`, { max_queued: 9, endpoints: null, name: 'bob' });
  assert.equal(changed.status, 200);
  assert.deepEqual(
    [changed.body.name, changed.body.max_queued, changed.body.endpoints, changed.body.requests_per_minute],
    ['bob', 9, undefined, 60],
  );
  assert.equal((await ask('POST', `/v1/admin/keys/${id}/credits`, { credits: 0.5 })).body.credits, 2.5);

  assert.equal((await ask('DELETE', `/v1/admin/keys/${id}`)).status, 200);
  assert.equal(await findApiKey(redis, key), undefined);
  for (const [method, url, body] of [
    ['DELETE', `/v1/admin/keys/${id}`],
    ['PATCH', `/v1/admin/keys/${id}`, { name: 'x' }],
    ['POST', `/v1/admin/keys/${id}/credits`, { credits: 1 }],
  ] as const)
    assert.equal((await ask(method, url, body)).status, 404, `${method} ${url}`);
});

test('an administrator cannot shut themselves out', async () => {
  assert.equal((await ask('DELETE', `/v1/admin/keys/${admin.id}`)).status, 409);
  assert.equal((await ask('PATCH', `/v1/admin/keys/${admin.id}`, { admin: false })).status, 409);
});

test('wrong fields are a 400 that names each with its value', async () => {
  for (const [body, message] of [
    [{}, /name is mandatory/],
    [{ name: 'x', max_queued: 0 }, /max_queued must be an integer from 1 to 999999999, got 0/],
    [
      { name: 'x', endpoints: ['sdxl'] },
      /endpoints\[0\] must be one of: sdxl-torch, sdxl-img2img, got "sdxl"/,
    ],
    [{ name: 'x', credits: -1 }, /credits must be a number from 0 to 1000000000, got -1/],
  ] as const) {
    const { status, body: answer } = await ask('POST', '/v1/admin/keys', body);
    assert.equal(status, 400, JSON.stringify(body));
    assert.match(answer.error, message);
  }
  assert.match(
    (await ask('GET', '/v1/admin/requests?status=DONE')).body.error,
    /status must be one of: QUEUED/,
  );
  assert.match((await ask('GET', '/v1/admin/requests?limit=501')).body.error, /limit must be .* to 500/);
});

test('requests of everybody are listed with their state and reason, without prompts', async () => {
  const done = await service.submitted({ prompt: 'a secret panda' });
  const failed = await service.submitted({ prompt: 'NaN' });
  await Promise.all([service.ended(done), service.ended(failed)]);
  const { body } = await ask('GET', '/v1/admin/requests');
  const find = (id: string) => body.requests.find((each: { request_id: string }) => each.request_id === id);
  assert.equal(find(done).status, 'COMPLETED');
  assert.equal(find(failed).status, 'FAILED');
  assert.ok(find(failed).error.length > 0);
  assert.ok(!JSON.stringify(body).includes('panda'));
  const failures = (await ask('GET', '/v1/admin/requests?status=FAILED&limit=1')).body.requests;
  assert.deepEqual(
    failures.map((each: { status: string }) => each.status),
    ['FAILED'],
  );
});

test('a paused queue takes requests and works on none until it is resumed; any of them can be cancelled', async () => {
  assert.equal((await ask('POST', '/v1/admin/queues/pause')).body.paused, true);
  try {
    const ids = [];
    for (const prompt of ['first', 'second', 'third']) ids.push(await service.submitted({ prompt }));
    const queues = (await ask('GET', '/v1/admin/queues')).body;
    assert.deepEqual([queues.paused, queues.waiting, queues.processing], [true, 3, 0]);
    const cancelled = await ask('DELETE', `/v1/admin/requests/${ids[1]}`);
    assert.deepEqual([cancelled.status, cancelled.body.status], [200, 'FAILED']);
    assert.equal((await ask('DELETE', `/v1/admin/requests/${ids[1]}`)).status, 409);
    assert.equal((await ask('POST', `/v1/admin/requests/${ids[2]}/front`)).status, 200);
    await ask('POST', '/v1/admin/queues/resume');
    await Promise.all([service.ended(ids[0]!), service.ended(ids[2]!)]);
    const prompts = service.started.map(({ prompt }) => prompt);
    assert.ok(prompts.indexOf('third') < prompts.indexOf('first'));
  } finally {
    await ask('POST', '/v1/admin/queues/resume');
  }
});

test('a failed request is made anew for its owner, without a charge', async () => {
  const failed = await service.submitted({ prompt: 'NaN' });
  await service.ended(failed);
  const again = await ask('POST', `/v1/admin/requests/${failed}/retry`);
  assert.equal(again.status, 200);
  await service.ended(again.body.request_id);
  assert.equal((await service.get(`/v2/requests/${again.body.request_id}/status`)).statusCode, 422);
  const done = await service.submitted({ prompt: 'fine' });
  await service.ended(done);
  assert.equal((await ask('POST', `/v1/admin/requests/${done}/retry`)).status, 409);
  assert.equal((await ask('POST', `/v1/admin/requests/${crypto.randomUUID()}/retry`)).status, 404);
});

test('models are listed with the workers that have them; those that nobody has are a 404', async () => {
  const { body } = await ask('GET', '/v1/admin/models');
  assert.deepEqual(body, { models: [], unservable: [] });
  for (const act of ['load', 'unload']) {
    const refused = await ask('POST', `/v1/admin/models/juggernaut/${act}`);
    assert.deepEqual(
      [refused.status, refused.body.error],
      [404, 'No live worker has a model "juggernaut" installed'],
    );
  }
  assert.equal((await ask('POST', '/v1/admin/models/rescan')).status, 202);
});

test("how a worker uses its device's memory is told here and by /readyz", async (t) => {
  const memory = {
    plan: 'exchanged',
    what: 'one UNet on the device at a time, base and refiner in turn',
    cost: 'a UNet is loaded whenever another one is needed',
    why: 'cuda:0: 11.6 GB free of 12.0 GB',
    estimatedBytes: 10_420_000_000.4,
    availableBytes: 11_600_000_000,
  };
  const { estimatedBytes: _, availableBytes: __, ...words } = memory;
  const told = { ...words, estimated_bytes: 10_420_000_000, available_bytes: 11_600_000_000 };
  const other = { ...workerInfo, id: 'on-a-gpu', device: 'cuda:0', memory };
  const heartbeat = await startHeartbeat(service.producer.redis, other, () => undefined);
  t.after(heartbeat.stop);
  // Workers are read once a second.
  let ready = (await ask('GET', '/readyz')).body;
  for (let tries = 0; ready.workers < 2 && tries < 40; tries++) {
    await setTimeout(50);
    ready = (await ask('GET', '/readyz')).body;
  }
  assert.deepEqual(
    ready.devices.find(({ device }: { device: string }) => device === 'cuda:0'),
    { device: 'cuda:0', memory: told },
  );
  const { workers } = (await ask('GET', '/v1/admin/workers')).body;
  assert.deepEqual(workers.find(({ id }: { id: string }) => id === 'on-a-gpu').memory, told);
  assert.equal(workers.find(({ id }: { id: string }) => id === 'w').memory, undefined);
});

test('workers are listed with their routes, and every act is written down with the key that did it', async () => {
  const { workers } = (await ask('GET', '/v1/admin/workers')).body;
  assert.deepEqual(
    workers.flatMap(({ id, busy }: { id: string; busy: boolean }) => (id === 'w' ? [[id, busy]] : [])),
    [['w', false]],
  );
  const { body: key } = await ask('POST', '/v1/admin/keys', { name: 'carol' });
  await ask('DELETE', `/v1/admin/keys/${key.id}`);
  const { acts } = (await ask('GET', '/v1/admin/audit')).body;
  assert.deepEqual(
    acts.slice(0, 2).map(({ key, act, on }: Record<string, string>) => [key, act, on]),
    [
      [admin.id, 'revoke key', key.id],
      [admin.id, 'create key', 'carol'],
    ],
  );
  assert.ok(service.log.some((line) => line.includes('"act":"revoke key"')));
});
