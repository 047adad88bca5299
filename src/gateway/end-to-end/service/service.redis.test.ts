import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';
import { samplerFields } from '../../../contract/bodies/sampler-fields.ts';
import { after, before } from '../../../testing/hooks.ts';
import { styleNames } from '../../../text/styles.ts';
import { publicUrl, startTestService, type TestService } from '../../testing/service.ts';

let service: TestService;
before(async () => {
  service = await startTestService();
});
after(() => service.close());

const prompt = 'a panda in the low light';
test('a bearer key counts only where the configuration says so', async () => {
  const headers = { authorization: `Bearer ${service.key}` };
  const options = { method: 'POST', url: '/v2/sdxl-torch', headers, payload: { prompt } } as const;
  assert.equal((await service.app.inject(options)).statusCode, 401);
  const lenient = await service.gateway({ acceptBearer: true });
  assert.equal((await lenient.inject(options)).statusCode, 200);
  assert.equal(
    (await lenient.inject({ ...options, headers: { authorization: 'Bearer x' } })).statusCode,
    401,
  );
  await lenient.close();
});

test('without authentication no key is asked for', async () => {
  const open = await service.gateway({ auth: false });
  const response = await open.inject({
    method: 'POST',
    url: '/v1/sdxl-torch',
    payload: { prompt, seed: 1 },
  });
  assert.equal(response.body, 'picture of seed 1');
  await open.close();
});

test('the log shows neither keys nor prompts nor output tokens', async () => {
  const id = await service.submitted({ prompt: 'a very private prompt' });
  await service.ended(id);
  const { output } = (await service.get(`/v2/requests/${id}`)).json();
  await service.app.inject(`${output.slice(publicUrl.length)}?x-api-key=${service.key}`);
  await service.post('/v2/sdxl-torch', { prompt: 5, negative_prompt: 'a very private prompt' });
  const log = service.log.join('');
  assert.ok(log.includes('/v2/sdxl-torch'));
  assert.ok(log.includes(`/outputs/${id}/...`));
  for (const secret of [
    service.key,
    service.otherKey,
    'a very private prompt',
    output.slice(output.lastIndexOf('/') + 1),
  ])
    assert.ok(!log.includes(secret));
});

test('healthz answers, readyz wants a live worker', async () => {
  assert.deepEqual((await service.app.inject('/healthz')).json(), { status: 'ok' });
  assert.deepEqual((await service.app.inject('/readyz')).json(), {
    status: 'ready',
    workers: 1,
    devices: [{ device: 'cpu' }],
  });
  await service.heartbeat(false);
  const deserted = await service.gateway({});
  const response = await deserted.inject('/readyz');
  assert.equal(response.statusCode, 503);
  assert.equal(response.json().error, 'No worker is alive');
  await service.heartbeat(true);
  await deserted.close();
});

test('styles, schedulers, samplers and schedules are listed without a key', async () => {
  const { styles } = (await service.app.inject('/v1/styles')).json();
  assert.deepEqual(
    styles.map(({ name }: { name: string }) => name),
    styleNames,
  );
  assert.deepEqual(styles.find(({ name }: { name: string }) => name === 'advertising').aliases, [
    'ads-advertising',
  ]);
  const lists = (await service.app.inject('/v1/schedulers')).json();
  for (const endpoint of ['sdxl-torch', 'sdxl-img2img']) {
    assert.equal(lists[endpoint].default, 'UniPC');
    assert.ok(lists[endpoint].schedulers.includes('UniPC'));
  }
  const { samplers, schedules } = (await service.app.inject('/v1/samplers')).json();
  assert.deepEqual(
    samplers.map(({ name }: { name: string }) => name),
    samplerFields.sampler.unwrap().options,
  );
  assert.deepEqual(
    schedules.map(({ name }: { name: string }) => name),
    samplerFields.schedule.unwrap().options,
  );
});

test('a full queue is 503 at once with Retry-After', async () => {
  const full = await service.gateway({ maxQueued: 0 });
  const response = await full.inject({
    method: 'POST',
    url: '/v2/sdxl-torch',
    headers: { 'x-api-key': service.key },
    payload: { prompt },
  });
  assert.equal(response.statusCode, 503);
  assert.equal(response.headers['retry-after'], '5');
  await full.close();
});

test('after its hour a request and its pictures are gone', async () => {
  const id = await service.submitted({ prompt });
  await service.ended(id);
  const { output } = (await service.get(`/v2/requests/${id}`)).json();
  const path = output.slice(publicUrl.length);
  const kept = [`{sdxl}:request:${id}`, `{sdxl}:output:${path.slice('/outputs/'.length)}`];
  for (const name of kept) {
    const ttl = await service.producer.redis.ttl(name);
    assert.ok(ttl > 50 && ttl <= 60, `${name}: ${ttl}`);
    await service.producer.redis.pexpire(name, 1);
  }
  while ((await service.producer.redis.exists(...kept)) > 0);
  assert.equal((await service.get(`/v2/requests/${id}`)).statusCode, 404);
  assert.equal((await service.get(`/v2/requests/${id}/status`)).statusCode, 404);
  assert.equal((await service.app.inject(path)).statusCode, 404);
});

test('unknown paths are 404 in JSON, whatever they bring', async () => {
  for (const [method, url] of [
    ['POST', '/v1/sdxl-turbo'],
    ['GET', '/index.html'],
    ['GET', '/v2/requests'],
    ['GET', `/v2/requests/${'x'.repeat(500)}`],
    ['POST', '/v3/sdxl-torch'],
    ['GET', '/outputs/'],
    ['GET', '/outputs/../../etc/passwd'],
    ['GET', `/outputs/${randomUUID()}/${'0'.repeat(32)}-0.jpg`],
  ] as const) {
    const response = await service.app.inject({
      method,
      url,
      headers: { 'content-type': 'text/plain' },
      payload: 'x',
    });
    assert.equal(response.statusCode, 404, url);
    assert.equal(typeof response.json().error, 'string');
  }
});

test('a path that cannot be decoded is 400 in JSON', async () => {
  const response = await service.app.inject({ url: '/v2/requests/%c0%80' });
  assert.equal(response.statusCode, 400);
  assert.deepEqual(Object.keys(response.json()), ['error']);
});

test('every answer says that no cache keeps it and no browser guesses its type, unless its route says more', async () => {
  const id = await service.submitted({ prompt });
  await service.ended(id);
  for (const url of [
    ...[`/v2/requests/${id}`, `/v2/requests/${id}/status`, '/v1/get-user-credits', '/v1/models'],
    ...['/healthz', '/readyz', '/nowhere', '/v1/sdxl-torch', '/v2/requests/x', '/v1/models/x', '/%'],
  ]) {
    const { headers } = await service.get(url);
    assert.equal(headers['cache-control'], 'no-store', url);
    assert.equal(headers['x-content-type-options'], 'nosniff', url);
  }
  for (const url of ['/v1/styles', '/v1/schedulers', '/v1/samplers']) {
    const { headers } = await service.get(url);
    assert.deepEqual(
      [headers['cache-control'], headers['x-content-type-options']],
      ['no-cache', 'nosniff'],
      url,
    );
    for (const encoding of ['br', 'gzip']) {
      const packed = await service.app.inject({ url, headers: { 'accept-encoding': encoding } });
      assert.deepEqual([packed.statusCode, packed.headers['content-encoding']], [200, encoding], url);
    }
    const known = { 'if-none-match': String(headers.etag) };
    const again = await service.app.inject({ url, headers: known });
    assert.deepEqual([again.statusCode, again.body], [304, ''], url);
  }
  const picture = await service.post('/v1/sdxl-torch', { prompt });
  assert.equal(picture.headers['cache-control'], 'no-store');
  assert.equal((await service.post('/v2/sdxl-torch', {})).headers['cache-control'], 'no-store');
  const { images } = (await service.get(`/v2/requests/${id}`)).json();
  const output = await service.get(new URL(images[0].url).pathname);
  assert.match(String(output.headers['cache-control']), /max-age=3600/);
  assert.equal(output.headers['x-content-type-options'], 'nosniff');
});
