import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createApiKey, type KeyLimits, revokeApiKey } from '../../../jobs/keys/api-keys.ts';
import { addCredits } from '../../../jobs/keys/credits.ts';
import { after, before } from '../../../testing/hooks.ts';
import { picture, startTestService, type TestService } from '../../testing/service.ts';

/** What a key allows, as clients meet it. */

let service: TestService;
before(async () => {
  service = await startTestService({ creditsPerSample: 0.5 });
});
after(() => service.close());

const prompt = 'a panda';
async function limited(limits: KeyLimits) {
  const { key, apiKey } = await createApiKey(service.producer.redis, 'limited', limits);
  return {
    id: apiKey.id,
    key,
    post: (url: string, body: object = { prompt }) => service.post(url, body, { 'x-api-key': key }),
    get: (url: string) => service.get(url, key),
  };
}

test('a key for one endpoint is 403 on the other, under each of its names', async () => {
  const key = await limited({ endpoints: ['sdxl-img2img'] });
  for (const url of ['/v1/sdxl-torch', '/v2/sdxl-torch', '/v2/sdxl1.0-txt2img', '/v1/models/sdxl-torch']) {
    const response = await key.post(url);
    assert.equal(response.statusCode, 403, url);
    assert.deepEqual(response.json(), {
      error: 'This API key may not use sdxl-torch; it may use: sdxl-img2img',
    });
  }
  const image = (await picture(96, 72)).toString('base64');
  assert.equal((await key.post('/v2/sdxl1.0-img2img', { prompt, image })).statusCode, 200);
});

test('each sample costs its price, told by header, result and balance', async () => {
  const key = await limited({ credits: 10 });
  const sync = await key.post('/v1/sdxl-torch', { prompt, samples: 3 });
  assert.equal(sync.headers['x-cost'], '1.5');
  assert.equal(sync.headers['x-credits-consumed'], '1.5');
  assert.equal(sync.headers['x-remaining-credits'], '8.5');
  const { request_id: id } = (await key.post('/v2/sdxl-torch')).json();
  await service.ended(id);
  const { metrics } = (await key.get(`/v2/requests/${id}`)).json();
  assert.deepEqual([metrics.cost, metrics.remaining_credits], [0.5, 8]);
  assert.deepEqual((await key.get('/v1/get-user-credits')).json(), { credits: 8, 'free-credits': 0 });
  assert.deepEqual((await key.get('/v1/credits')).json(), { data: { credits: { remaining: 8, used: 2 } } });
});

test('a balance too small is 406 with need and balance, and nothing is charged until there is enough', async () => {
  const key = await limited({ credits: 1.2 });
  const refused = await key.post('/v2/sdxl-torch', { prompt, samples: 3 });
  assert.equal(refused.statusCode, 406);
  assert.deepEqual(refused.json(), {
    error: 'Insufficient credits: this request costs 1.5 and the balance is 1.2',
  });
  assert.equal((await key.get('/v1/get-user-credits')).json().credits, 1.2);
  await addCredits(service.producer.redis, key.id, 0.3);
  const taken = await key.post('/v1/sdxl-torch', { prompt, samples: 3 });
  assert.equal(taken.headers['x-remaining-credits'], '0');
});

test('a refused image-to-image request leaves no picture behind', async () => {
  const key = await limited({ credits: 0 });
  const image = (await picture(96, 72)).toString('base64');
  const before = await service.producer.redis.keys('{sdxl}:input:*');
  assert.equal((await key.post('/v2/sdxl-img2img', { prompt, image })).statusCode, 406);
  assert.deepEqual(await service.producer.redis.keys('{sdxl}:input:*'), before);
});

test('a failed or invalid request costs nothing', async () => {
  const key = await limited({ credits: 1 });
  const failed = await key.post('/v1/sdxl-torch', { prompt: 'NaN' });
  assert.equal(failed.statusCode, 422);
  assert.equal(failed.json().metrics.cost, undefined);
  assert.equal((await key.post('/v1/sdxl-torch', {})).statusCode, 400);
  assert.equal((await key.get('/v1/get-user-credits')).json().credits, 1);
});

test('of forty submits at once exactly as many are taken as the balance covers', async () => {
  const key = await limited({ credits: 3.4 });
  const responses = await Promise.all(Array.from({ length: 40 }, () => key.post('/v2/sdxl-torch')));
  const codes = responses.map(({ statusCode }) => statusCode);
  assert.deepEqual([...codes].sort(), [...Array(6).fill(200), ...Array(34).fill(406)]);
  assert.equal((await key.get('/v1/get-user-credits')).json().credits, 0.4);
});

test('an unlimited key pays nothing and is told the number that clients can read', async () => {
  const response = await service.post('/v1/sdxl-torch', { prompt, samples: 2 });
  assert.equal(response.headers['x-cost'], '0');
  assert.equal(response.headers['x-remaining-credits'], '999999');
  assert.deepEqual((await service.get('/v1/get-user-credits')).json(), {
    credits: 999999,
    'free-credits': 0,
  });
  assert.deepEqual((await service.get('/v1/credits')).json(), {
    data: { credits: { remaining: 999999, used: 0 } },
  });
});

test('submits are counted by the minute of the Redis server, valid or not', async () => {
  const key = await limited({ requestsPerMinute: 1000 });
  const window = `{sdxl}:window:submit:${key.id}`;
  // The minute may end between two of these commands; then it is looked at again.
  for (;;) {
    await service.producer.redis.del(window);
    await key.post('/v2/sdxl-torch');
    await key.post('/v1/sdxl-torch', {});
    await key.get('/v1/get-user-credits');
    const [count, left, [seconds, microseconds]] = await Promise.all([
      service.producer.redis.get(window),
      service.producer.redis.pttl(window),
      service.producer.redis.time(),
    ]);
    if (left < 0 || count !== '2') continue;
    const end = Number(seconds) + Number(microseconds) / 1e6 + left / 1000;
    assert.ok(Math.abs(end - 60 * Math.round(end / 60)) < 5, `ends at ${end}`);
    return;
  }
});

test('a submit over the rate is 429 with the time to wait; polling goes on', async () => {
  const key = await limited({ requestsPerMinute: 2 });
  const { request_id: id } = (await key.post('/v2/sdxl-torch')).json();
  await service.ended(id);
  // Held open, so that no minute ends in the middle.
  await service.producer.redis.set(`{sdxl}:window:submit:${key.id}`, 2, 'EX', 600);
  const elsewhere = await service.gateway({});
  for (const [url, app] of [
    ['/v1/sdxl-torch', service.app],
    ['/v2/sdxl-torch', service.app],
    ['/v2/sdxl1.0-txt2img', elsewhere],
  ] as const) {
    const response = await service.post(url, { prompt }, { 'x-api-key': key.key }, app);
    assert.equal(response.statusCode, 429);
    assert.deepEqual(response.json(), {
      error: 'Rate limit exceeded: this API key may submit 2 requests a minute',
    });
    const wait = Number(response.headers['retry-after']);
    assert.ok(Number.isInteger(wait) && wait > 0 && wait <= 600);
    assert.match(String(response.headers['x-rate-limit-reset-at-utc']), /^\d{4}-.*T\d\d:\d\d:\d\dZ$/);
  }
  for (const url of [`/v2/requests/${id}/status`, `/v2/requests/${id}`, '/v1/get-user-credits'])
    assert.equal((await key.get(url)).statusCode, 200);
  assert.equal((await service.post('/v2/sdxl-torch', { prompt })).statusCode, 200);
  await elsewhere.close();
});

test('a key with all its places in the queue taken is 429 until one is free', async () => {
  const key = await limited({ maxQueued: 2 });
  await service.producer.redis.sadd(`{sdxl}:unfinished:${key.id}`, 'a', 'b');
  const refused = await key.post('/v2/sdxl-torch');
  assert.equal(refused.statusCode, 429);
  assert.match(refused.json().error, /has 2 unfinished requests and may have 2/);
  assert.equal(refused.headers['retry-after'], '5');
  await service.producer.redis.srem(`{sdxl}:unfinished:${key.id}`, 'a');
  for (let index = 0; index < 3; index++) assert.equal((await key.post('/v1/sdxl-torch')).statusCode, 200);
});

test('a revoked key is 401 at once; the requests it left are nobody elses', async () => {
  const key = await limited({});
  const { request_id: id } = (await key.post('/v2/sdxl-torch')).json();
  await service.ended(id);
  await revokeApiKey(service.producer.redis, key.id);
  for (const response of [await key.post('/v2/sdxl-torch'), await key.get(`/v2/requests/${id}`)]) {
    assert.equal(response.statusCode, 401);
    assert.deepEqual(response.json(), {
      error: 'Unauthorized. API key is invalid or may have expired...',
    });
  }
  assert.equal((await service.get(`/v2/requests/${id}`)).statusCode, 404);
});

test('an address that keeps coming without a key is told 429; good keys from there are served', async () => {
  const ask = (headers: Record<string, string>, remoteAddress = '203.0.113.7') =>
    service.app.inject({ url: '/v1/get-user-credits', headers, remoteAddress });
  assert.equal((await ask({})).statusCode, 401);
  assert.equal((await ask({ 'x-api-key': 'SG_0000000000000000' })).statusCode, 401);
  await service.producer.redis.set('{sdxl}:window:refused:203.0.113.7', 120, 'EX', 600);
  for (const headers of [{}, { 'x-api-key': 'SG_0000000000000000' }] as Record<string, string>[]) {
    const response = await ask(headers);
    assert.equal(response.statusCode, 429);
    assert.ok(Number(response.headers['retry-after']) > 0);
  }
  assert.equal((await ask({ 'x-api-key': service.key })).statusCode, 200);
  assert.equal((await ask({}, '203.0.113.8')).statusCode, 401);
});

test('without authentication nothing is limited', async () => {
  const open = await service.gateway({ auth: false });
  const credits = await open.inject('/v1/get-user-credits');
  assert.equal(credits.json().credits, 999999);
  await open.close();
});
