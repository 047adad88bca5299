import assert from 'node:assert/strict';
import { once } from 'node:events';
import net from 'node:net';
import { test } from 'node:test';
import { after, before } from '../../../testing/hooks.ts';
import { startTestService, type TestService } from '../../testing/service.ts';

/** What only a real socket shows. */

let service: TestService;
let address: URL;
before(async () => {
  service = await startTestService({ headersTimeoutMs: 500, requestTimeoutMs: 1000 });
  address = new URL(await service.app.listen({ host: '127.0.0.1', port: 0 }));
});
after(() => service.close());

/** Sends text as it stands and returns all that comes until the server hangs up. */
async function raw(text: string): Promise<string> {
  const socket = net.connect(Number(address.port), address.hostname);
  socket.write(text);
  let received = '';
  socket.on('data', (data) => {
    received += data;
  });
  socket.on('error', () => undefined);
  await once(socket, 'close');
  return received;
}

function json(response: string): unknown {
  return JSON.parse(response.slice(response.indexOf('\r\n\r\n') + 4));
}

test('a request over the wire is answered like one in memory', async () => {
  const response = await fetch(new URL('/v1/sdxl-torch', address), {
    method: 'POST',
    headers: { 'x-api-key': service.key, 'content-type': 'application/json' },
    body: JSON.stringify({ prompt: 'a panda', seed: 4 }),
  });
  assert.equal(response.status, 200);
  assert.equal(await response.text(), 'picture of seed 4');
});

test('what is no HTTP is 400 in JSON', async () => {
  const response = await raw('hello\r\n\r\n');
  assert.match(response, /^HTTP\/1\.1 400 /);
  assert.deepEqual(json(response), { error: 'The request is not valid HTTP' });
});

test('a request with two hosts is 400, whether they differ or not, in any case', async () => {
  for (const second of ['Host: b.example', 'host: a.example', 'HOST: ', 'hOST:a.example:80'])
    for (const path of ['/healthz', '/v1/sdxl-torch', '/nowhere']) {
      const response = await raw(
        `GET ${path} HTTP/1.1\r\nHost: a.example\r\n${second}\r\nConnection: close\r\n\r\n`,
      );
      assert.match(response, /^HTTP\/1\.1 400 /);
      assert.deepEqual(json(response), { error: 'The request has more than one Host header' });
    }
});

test('headers over the limit are 431 in JSON', async () => {
  const response = await raw(`GET /healthz HTTP/1.1\r\nhost: x\r\nx-long: ${'x'.repeat(20_000)}\r\n\r\n`);
  assert.match(response, /^HTTP\/1\.1 431 /);
  assert.deepEqual(json(response), { error: 'The request headers are too large' });
});

test('a client that drips its headers or its body is answered 408 and hung up on', async () => {
  const head = `POST /v2/sdxl-torch HTTP/1.1\r\nhost: x\r\nx-api-key: ${service.key}\r\n`;
  const [headers, body] = await Promise.all([
    raw(head),
    raw(`${head}content-type: application/json\r\ncontent-length: 100\r\n\r\n{"prompt"`),
  ]);
  for (const response of [headers, body]) {
    assert.match(response, /^HTTP\/1\.1 408 /);
    assert.deepEqual(json(response), { error: 'The request was not received in time' });
  }
});

test('a content type with a tab or trailing text does not slip past the check', async () => {
  for (const type of ['application/json\ta', 'application/json a', 'multipart/form-data\tx; boundary=x']) {
    const body = '{"prompt":"a"}';
    const response = await raw(
      `POST /v2/sdxl-torch HTTP/1.1\r\nhost: x\r\nconnection: close\r\nx-api-key: ${service.key}\r\n` +
        `content-type: ${type}\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
    );
    assert.match(response, /^HTTP\/1\.1 406 /);
    assert.deepEqual(json(response), { error: 'Invalid content type' });
  }
});

test('a closing gateway answers the v1 request it holds with its id; the job goes on', async () => {
  const closing = await service.gateway({});
  const at = await closing.listen({ host: '127.0.0.1', port: 0 });
  const waiting = fetch(`${at}/v1/sdxl-torch`, {
    method: 'POST',
    headers: { 'x-api-key': service.key, 'content-type': 'application/json' },
    body: JSON.stringify({ prompt: 'slow' }),
  });
  while ((await service.producer.countWaiting()) === 0 && service.started.at(-1)?.prompt !== 'slow')
    await new Promise((resolve) => setTimeout(resolve, 5));
  await closing.close();
  const response = await waiting;
  assert.equal(response.status, 504);
  const id = response.headers.get('x-request-id')!;
  assert.ok(((await response.json()) as { error: string }).error.includes(id));
  await service.ended(id);
  assert.equal((await service.get(`/v2/requests/${id}`)).json().status, 'COMPLETED');
});

test('a connection that never asked for anything does not hold up a closing gateway', {
  timeout: 30_000,
}, async () => {
  const closing = await service.gateway({});
  const { port } = new URL(await closing.listen({ host: '127.0.0.1', port: 0 }));
  const silent = net.connect(Number(port), '127.0.0.1');
  await once(closing.server, 'connection');
  await Promise.all([closing.close(), once(silent, 'close')]);
});

test('while Redis is away every address that needs it is 503 with Retry-After, and afterwards all is well', async () => {
  const id = await service.submitted({ prompt: 'a panda' });
  await service.ended(id);
  await service.redis.stop();
  for (const [method, url] of [
    ['POST', '/v1/sdxl-torch'],
    ['POST', '/v2/sdxl-torch'],
    ['GET', `/v2/requests/${id}`],
    ['GET', `/v2/requests/${id}/status`],
    ['GET', `/outputs/${id}/${'0'.repeat(32)}-0.jpg`],
    ['GET', '/readyz'],
  ] as const) {
    const response = await service.app.inject({
      method,
      url,
      headers: { 'x-api-key': service.key },
      ...(method === 'POST' && { payload: { prompt: 'a panda' } }),
    });
    assert.equal(response.statusCode, 503, url);
    assert.equal(typeof response.json().error, 'string');
    assert.ok(!/redis.sock|at .*\.ts/.test(response.body));
    if (url !== '/readyz') assert.equal(response.headers['retry-after'], '5');
  }
  assert.equal((await service.app.inject('/healthz')).statusCode, 200);
  await service.redis.start();
  while (service.producer.redis.status !== 'ready') await new Promise((resolve) => setTimeout(resolve, 20));
  assert.equal((await service.get(`/v2/requests/${id}`)).json().status, 'COMPLETED');
  const again = await service.post('/v1/sdxl-torch', { prompt: 'a panda', seed: 6 });
  assert.equal(again.body, 'picture of seed 6');
});

test('a full Redis is 503 with Retry-After; the log keeps the prompt to itself, and room makes all well', async () => {
  await service.producer.redis.config('SET', 'maxmemory', '1mb');
  const refused = await service.post('/v2/sdxl-torch', { prompt: 'a very private prompt' });
  assert.equal(refused.statusCode, 503);
  assert.equal(refused.headers['retry-after'], '5');
  assert.equal((await service.app.inject('/readyz')).statusCode, 503);
  const log = service.log.join('');
  assert.match(log, /OOM command not allowed/);
  assert.ok(!log.includes('a very private prompt'));
  await service.producer.redis.config('SET', 'maxmemory', '0');
  const again = await service.post('/v1/sdxl-torch', { prompt: 'a panda', seed: 7 });
  assert.equal(again.body, 'picture of seed 7');
});
