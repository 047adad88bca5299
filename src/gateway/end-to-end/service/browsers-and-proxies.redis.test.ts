import assert from 'node:assert/strict';
import { test } from 'node:test';
import { after, before } from '../../../testing/hooks.ts';
import { startTestService, type TestService } from '../../testing/service.ts';

let service: TestService;
before(async () => {
  service = await startTestService();
});
after(() => service.close());

const prompt = 'a panda';
const origin = 'https://pages.example';

test('a page of an allowed origin may submit, and reads the headers and the errors', async () => {
  const app = await service.gateway({ corsOrigins: [origin] });
  for (const url of ['/v1/sdxl-torch', '/v2/requests/x/status', '/v1/get-user-credits']) {
    const preflight = await app.inject({
      method: 'OPTIONS',
      url,
      headers: {
        origin,
        'access-control-request-method': 'POST',
        // The published JavaScript SDK sends the last one.
        'access-control-request-headers': 'x-api-key,content-type,access-control-allow-origin',
      },
    });
    assert.equal(preflight.statusCode, 204, url);
    assert.equal(preflight.headers['access-control-allow-origin'], origin);
    assert.match(String(preflight.headers['access-control-allow-methods']), /\bPOST\b/);
    assert.match(
      String(preflight.headers['access-control-allow-headers']),
      /x-api-key.*access-control-allow-origin/i,
    );
    assert.equal(preflight.headers['access-control-allow-credentials'], undefined);
  }
  const good = await service.post('/v1/sdxl-torch', { prompt }, { origin }, app);
  const bad = await service.post('/v1/sdxl-torch', { prompt: 5 }, { origin }, app);
  const keyless = await app.inject({ url: '/v2/requests/x', headers: { origin } });
  const unknown = await app.inject({ url: '/v2/nothing', headers: { origin } });
  assert.deepEqual(
    [good, bad, keyless, unknown].map(({ statusCode }) => statusCode),
    [200, 400, 401, 404],
  );
  for (const { headers } of [good, bad, keyless, unknown]) {
    assert.equal(headers['access-control-allow-origin'], origin);
    for (const name of ['x-request-id', 'x-remaining-credits', 'x-seed-value', 'retry-after'])
      assert.ok(String(headers['access-control-expose-headers']).includes(name), name);
  }
  await app.close();
});

test('a page of another origin is told nothing, and without configuration no page is', async () => {
  const app = await service.gateway({ corsOrigins: [origin] });
  for (const each of [app, service.app]) {
    const { headers } = await service.post(
      '/v2/sdxl-torch',
      { prompt },
      { origin: 'https://evil.example' },
      each,
    );
    assert.notEqual(headers['access-control-allow-origin'], 'https://evil.example');
    assert.notEqual(headers['access-control-allow-origin'], '*');
  }
  await app.close();
});

test('every page may where the configuration says so', async () => {
  const app = await service.gateway({ corsOrigins: ['*'] });
  const { headers } = await service.post('/v2/sdxl-torch', { prompt }, { origin }, app);
  assert.equal(headers['access-control-allow-origin'], '*');
  await app.close();
});

const forwarded = {
  'x-forwarded-proto': 'https',
  'x-forwarded-host': 'pictures.example',
  'x-forwarded-for': '203.0.113.9',
};

test('addresses follow the forwarded host of a trusted proxy and of nobody else', async () => {
  const app = await service.gateway({ publicUrl: undefined, trustProxy: ['10.0.0.0/8', 'loopback'] });
  const submit = async (remoteAddress: string, headers: Record<string, string> = forwarded) => {
    const response = await app.inject({
      method: 'POST',
      url: '/v2/sdxl-torch',
      remoteAddress,
      headers: { host: 'gw:8080', 'x-api-key': service.key, ...headers },
      payload: { prompt },
    });
    return new URL(response.json().status_url).origin;
  };
  assert.equal(await submit('10.1.2.3'), 'https://pictures.example');
  assert.equal(await submit('127.0.0.1'), 'https://pictures.example');
  assert.equal(await submit('192.0.2.1'), 'http://gw:8080');
  const address = await app.listen({ host: '127.0.0.1', port: 0 });
  const nonsense = await fetch(`${address}/v2/sdxl-torch`, {
    method: 'POST',
    headers: {
      'x-api-key': service.key,
      'content-type': 'application/json',
      'x-forwarded-host': 'a b<script>',
      'x-forwarded-proto': 'javascript',
    },
    body: JSON.stringify({ prompt }),
  });
  const { status_url } = (await nonsense.json()) as { status_url: string };
  assert.equal(new URL(status_url).origin, address);
  await app.close();
});

test('forwarded headers mean nothing where no proxy is trusted', async () => {
  const app = await service.gateway({ publicUrl: undefined });
  const response = await service.post('/v2/sdxl-torch', { prompt }, { host: 'gw:8080', ...forwarded }, app);
  assert.equal(new URL(response.json().status_url).origin, 'http://gw:8080');
  await app.close();
});

test('refusals are counted for the client behind a trusted proxy', async () => {
  const app = await service.gateway({ trustProxy: ['loopback'] });
  const { redis } = service.producer;
  await redis.set('{sdxl}:window:refused:203.0.113.9', 120, 'EX', 600);
  assert.equal((await app.inject({ url: '/v1/credits', headers: forwarded })).statusCode, 429);
  assert.equal((await app.inject({ url: '/v1/credits' })).statusCode, 401);
  await app.close();
});
