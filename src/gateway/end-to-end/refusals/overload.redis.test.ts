import assert from 'node:assert/strict';
import { once } from 'node:events';
import net from 'node:net';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { createApiKey } from '../../../jobs/keys/api-keys.ts';
import { after, before } from '../../../testing/hooks.ts';
import { picture, startTestService, type TestService } from '../../testing/service.ts';

/** What a gateway does where more is asked of it than it has room for, or before anybody may ask. */

let service: TestService;
let fetched = 0;
let photo: Buffer;
before(async () => {
  photo = await picture(96, 72);
  const fetchImage = {
    fetch: async () => {
      fetched += 1;
      return photo;
    },
    close: async () => undefined,
  };
  service = await startTestService({}, fetchImage);
});
after(() => service.close());

const prompt = 'a panda';
const image = 'https://pictures.example/a.png';

/** A socket on a gateway, with what it has received so far. */
async function connected(app: TestService['app']) {
  const { port } = new URL(app.listeningOrigin);
  const socket = net.connect(Number(port), '127.0.0.1');
  let received = '';
  socket.on('data', (data) => {
    received += data;
  });
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  // A connection that is reset has ended too.
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
  return { socket, received: () => received, closed };
}

const head = (path: string, length: number, more = '') =>
  `POST ${path} HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: ${length}\r\n${more}\r\n`;

test('without a key the answer comes before the body, which is not read on, and the connection ends', async () => {
  const app = await service.gateway({});
  await app.listen({ host: '127.0.0.1', port: 0 });
  for (const path of ['/v1/sdxl-img2img', '/v2/sdxl-torch', '/v1/images/edits', '/v1/input-images']) {
    const { socket, received, closed } = await connected(app);
    socket.write(head(path, 20_000_000));
    for (let sent = 0; sent < 200 && !socket.destroyed; sent++) {
      socket.write('x'.repeat(50_000));
      await delay(1);
    }
    await closed;
    assert.match(received(), /^HTTP\/1\.1 401 /, path);
    assert.ok(socket.bytesWritten < 20_000_000);
  }
  await app.close();
});

test('a client that asks first is told to send its body once nothing stands against it', async () => {
  const app = await service.gateway({});
  await app.listen({ host: '127.0.0.1', port: 0 });
  const expects = 'Expect: 100-continue\r\n';
  const key = `x-api-key: ${service.key}\r\n`;
  const refused = [
    [401, head('/v2/sdxl-torch', 1000, expects)],
    [413, head('/v2/sdxl-torch', 1_048_577, key + expects)],
    [406, head('/v2/sdxl-torch', 1000, key + expects).replace('application/json', 'text/plain')],
    [404, head('/v2/styles', 1000, key + expects)],
  ] as const;
  for (const [status, text] of refused) {
    const { socket, received, closed } = await connected(app);
    socket.write(text);
    await closed;
    assert.match(received(), new RegExp(`^HTTP/1\\.1 ${status} `), text);
    assert.doesNotMatch(received(), /100 Continue/);
  }
  const body = JSON.stringify({ prompt });
  const { socket, received } = await connected(app);
  socket.write(head('/v2/sdxl-torch', body.length, key + expects));
  while (!received().includes('\r\n\r\n')) await delay(5);
  assert.equal(received(), 'HTTP/1.1 100 Continue\r\n\r\n');
  socket.write(body);
  while (!received().includes('request_id')) await delay(5);
  assert.match(received(), /^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 200 /);
  socket.destroy();
  await app.close();
});

test('a body that is announced as too large is 413 before it is sent, in JSON and in forms', async () => {
  const app = await service.gateway({});
  await app.listen({ host: '127.0.0.1', port: 0 });
  const key = `x-api-key: ${service.key}\r\n`;
  for (const [path, length, type] of [
    ['/v2/sdxl-torch', 1_048_577, 'application/json'],
    ['/v2/sdxl-torch', 1_048_577, 'multipart/form-data; boundary=x'],
    ['/v2/sdxl-img2img', 33_554_433, 'application/json'],
    ['/v2/sdxl-img2img', 100_663_297, 'multipart/form-data; boundary=x'],
  ] as const) {
    const { socket, received, closed } = await connected(app);
    socket.write(head(path, length, key).replace('application/json', type));
    await closed;
    assert.match(received(), /^HTTP\/1\.1 413 /, `${path} ${type}`);
  }
  await app.close();
});

test('a form is counted as a whole: many parts below the limit are 413 together', async () => {
  const small = await service.gateway({ imageBodyLimit: 200_000 });
  const part = (name: string, text: string) =>
    `--x\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${text}\r\n`;
  const parts = Array.from({ length: 8 }, (_, index) => part(`field${index}`, 'y'.repeat(60_000)));
  const send = (payload: string) =>
    service.post('/v2/sdxl-img2img', payload, { 'content-type': 'multipart/form-data; boundary=x' }, small);
  assert.equal((await send(`${parts.join('')}--x--\r\n`)).statusCode, 413);
  const long = await service.post('/v2/sdxl-img2img', `${part('prompt', 'y'.repeat(140_000))}--x--\r\n`, {
    'content-type': 'multipart/form-data; boundary=x',
  });
  assert.equal(long.statusCode, 413);
  assert.match(long.json().error, /"prompt" is too large/);
  await small.close();
});

test('a client that does not keep a pace is 408 after the grace', { timeout: 30_000 }, async () => {
  const app = await service.gateway({});
  await app.listen({ host: '127.0.0.1', port: 0 });
  const { socket, received, closed } = await connected(app);
  const startedAt = performance.now();
  socket.write(head('/v2/sdxl-torch', 10_000, `x-api-key: ${service.key}\r\n`));
  const drip = setInterval(() => socket.write('x'), 200);
  await closed;
  clearInterval(drip);
  const seconds = (performance.now() - startedAt) / 1000;
  assert.match(received(), /^HTTP\/1\.1 408 /);
  assert.ok(seconds > 4 && seconds < 15, `${seconds} s`);
  await app.close();
});

test('bodies for which there is no memory wait, then are 503 with Retry-After; small ones are served', async () => {
  const app = await service.gateway({ bodyMemory: 3_000_000, bodyWaitMs: 300 });
  await app.listen({ host: '127.0.0.1', port: 0 });
  const key = `x-api-key: ${service.key}\r\n`;
  const holder = await connected(app);
  holder.socket.write(head('/v2/sdxl-img2img', 900_000, key));
  await delay(100);
  const late = await connected(app);
  late.socket.write(head('/v2/sdxl-img2img', 900_000, key));
  const base = app.listeningOrigin;
  const json = { 'x-api-key': service.key, 'content-type': 'application/json' };
  const body = JSON.stringify({ prompt });
  assert.equal((await fetch(`${base}/v2/sdxl-torch`, { method: 'POST', headers: json, body })).status, 200);
  await late.closed;
  assert.match(late.received(), /^HTTP\/1\.1 503 /);
  assert.match(late.received(), /\r\nretry-after: \d+\r\n/i);
  holder.socket.destroy();
  await delay(100);
  const image = photo.toString('base64') + ' '.repeat(800_000);
  const again = JSON.stringify({ prompt, image });
  const reply = await fetch(`${base}/v2/sdxl-img2img`, { method: 'POST', headers: json, body: again });
  assert.equal(reply.status, 200, await reply.text());
  await app.close();
});

test('connections beyond the limits are told 503, those within are served', async () => {
  for (const limits of [{ maxConnections: 2 }, { maxConnectionsPerAddress: 2 }]) {
    const app = await service.gateway(limits);
    await app.listen({ host: '127.0.0.1', port: 0 });
    const first = await connected(app);
    const second = await connected(app);
    const third = await connected(app);
    await third.closed;
    assert.match(third.received(), /^HTTP\/1\.1 503 .*too many open connections/s);
    first.socket.write('GET /healthz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n');
    await first.closed;
    assert.match(first.received(), /^HTTP\/1\.1 200 /);
    second.socket.destroy();
    await delay(50);
    assert.equal((await fetch(`${app.listeningOrigin}/healthz`)).status, 200);
    await app.close();
  }
});

test('whoever may not submit now has no picture fetched, on any route', async () => {
  const [limited, poor, other] = await Promise.all([
    createApiKey(service.producer.redis, 'limited', { requestsPerMinute: 1 }),
    createApiKey(service.producer.redis, 'poor', { credits: 0 }),
    createApiKey(service.producer.redis, 'other', { endpoints: ['sdxl-torch'] }),
  ]);
  await service.post('/v2/sdxl-torch', { prompt, refiner: false }, { 'x-api-key': limited.key });
  const before = fetched;
  for (const [url, body, withoutCredits] of [
    ['/v2/sdxl-img2img', { prompt, image }, 406],
    // OpenAI's own status where nothing is left to spend.
    ['/v1/images/edits', { prompt, image }, 429],
    ['/v1/images/edits', { prompt, image, size: '1024x1024' }, 429],
  ] as const)
    for (const [{ key }, status] of [
      [limited, 429],
      [poor, withoutCredits],
      [other, 403],
    ] as const) {
      const response = await service.post(url, body, { 'x-api-key': key });
      assert.equal(response.statusCode, status, response.body);
    }
  assert.equal(fetched, before);
});

test('a repeated edit is known by what was sent: its picture is fetched once', async () => {
  const before = fetched;
  const ids = [];
  for (const body of [
    { prompt, image, size: '1024x1024' },
    { prompt, image, size: '1024x1024' },
  ])
    ids.push(
      (await service.post('/v1/images/edits', body, { 'idempotency-key': 'an edit' })).headers[
        'x-request-id'
      ],
    );
  assert.equal(new Set(ids).size, 1);
  assert.equal(fetched, before + 1);
  const another = await service.post(
    '/v1/images/edits',
    { prompt, image, size: '1024x1000' },
    { 'idempotency-key': 'an edit' },
  );
  assert.equal(another.statusCode, 409);
});

test('200 over-long prompts at once do not keep others waiting', async () => {
  const base = await service.app.listen({ host: '127.0.0.1', port: 0 });
  const long = JSON.stringify({ prompt: 'a '.repeat(16_000), negative_prompt: 'qzxj '.repeat(6000) });
  const headers = { 'x-api-key': service.key, 'content-type': 'application/json' };
  let isOver = false;
  const flood = Promise.all(
    Array.from({ length: 200 }, async () => {
      const response = await fetch(`${base}/v2/sdxl-torch`, { method: 'POST', headers, body: long });
      assert.equal(response.status, 400, await response.text());
    }),
  ).finally(() => {
    isOver = true;
  });
  let slowest = 0;
  while (!isOver) {
    const startedAt = performance.now();
    assert.equal((await fetch(`${base}/healthz`)).status, 200);
    slowest = Math.max(slowest, performance.now() - startedAt);
    await delay(20);
  }
  await flood;
  // 5 s before; the clients of this test share the thread with the gateway.
  assert.ok(slowest < 1500, `${slowest} ms`);
});
