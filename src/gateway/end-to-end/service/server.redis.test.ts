import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import net, { type AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { createApiKey } from '../../../jobs/keys/api-keys.ts';
import { connect, failFastOptions } from '../../../jobs/redis/connection.ts';
import { type PrivateRedis, startPrivateRedis } from '../../../jobs/testing/redis-server.ts';
import { boundToParent } from '../../../process/bound-process.ts';
import { freePort } from '../../../testing/free-port.ts';
import { after, before } from '../../../testing/hooks.ts';

/** The gateway as the process that compose and `npm run gateway` start. */

let redis: PrivateRedis;
before(async () => {
  redis = await startPrivateRedis();
});
after(() => redis.remove());

function start(environment: Record<string, string>): ChildProcess {
  const { PATH = '' } = process.env;
  return spawn(
    ...boundToParent('KILL', process.execPath, [new URL('../../server.ts', import.meta.url).pathname]),
    {
      env: { PATH, ...environment },
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  );
}

async function untilListening(gateway: ChildProcess): Promise<void> {
  for await (const line of gateway.stdout!) if (String(line).includes('gateway listening')) return;
}

test('it serves with the configuration of its environment and ends on SIGTERM', async () => {
  const admin = await connect(redis.url, failFastOptions(), assert.ifError);
  const { key } = await createApiKey(admin, 'test');
  admin.disconnect();
  const port = String(await freePort());
  const gateway = start({ REDIS_URL: redis.url, PORT: port, PUBLIC_URL: 'https://pictures.example/sdxl/' });
  await untilListening(gateway);
  gateway.stdout!.resume();
  const response = await fetch(`http://127.0.0.1:${port}/v2/sdxl-torch`, {
    method: 'POST',
    headers: { 'x-api-key': key, 'content-type': 'application/json' },
    body: JSON.stringify({ prompt: 'a panda' }),
  });
  assert.equal(response.status, 200);
  const { request_id, status_url } = (await response.json()) as Record<string, string>;
  assert.equal(status_url, `https://pictures.example/sdxl/v2/requests/${request_id}/status`);
  gateway.kill('SIGTERM');
  assert.deepEqual(await once(gateway, 'exit'), [0, null]);
});

test('clients that send or receive too slowly do not keep it from ending in time, with code 0', {
  timeout: 60_000,
}, async (t) => {
  const admin = await connect(redis.url, failFastOptions(), assert.ifError);
  const { key } = await createApiKey(admin, 'slow');
  admin.disconnect();
  const port = await freePort();
  const gateway = start({ REDIS_URL: redis.url, PORT: String(port) });
  t.after(() => gateway.kill('SIGKILL'));
  await untilListening(gateway);
  gateway.stdout!.resume();
  const sender = net.connect(port, '127.0.0.1');
  sender.write(
    `POST /v2/sdxl-torch HTTP/1.1\r\nhost: a\r\nx-api-key: ${key}\r\ncontent-type: application/json\r\n` +
      'content-length: 100\r\n\r\n{"prompt": ',
  );
  // More answers than the kernel buffers, none of which is read.
  const receiver = net.connect(port, '127.0.0.1').pause();
  receiver.write('GET /openapi.json HTTP/1.1\r\nhost: a\r\n\r\n'.repeat(200));
  for (const socket of [sender, receiver]) socket.on('error', () => undefined);
  await setTimeout(500);
  gateway.kill('SIGTERM');
  const told = performance.now();
  assert.deepEqual(await once(gateway, 'exit'), [0, null]);
  assert.ok(performance.now() - told < 9000);
});

test('an eviction policy that is changed as it runs makes it not ready, and says why', async () => {
  const admin = await connect(redis.url, failFastOptions(), assert.ifError);
  const port = String(await freePort());
  const gateway = start({ REDIS_URL: redis.url, PORT: port });
  await untilListening(gateway);
  gateway.stdout!.resume();
  const readiness = async (): Promise<unknown> => {
    const response = await fetch(`http://127.0.0.1:${port}/readyz`);
    const { error } = (await response.json()) as { error: string };
    // A busy machine may be late to answer what is asked besides.
    return error === 'Redis does not take writes' ? await readiness() : [response.status, error];
  };
  try {
    await admin.config('SET', 'maxmemory-policy', 'volatile-ttl');
    assert.deepEqual(await readiness(), [
      503,
      'Redis would drop queued jobs when full: its maxmemory-policy is not noeviction',
    ]);
    await admin.config('SET', 'maxmemory-policy', 'noeviction');
    assert.deepEqual(await readiness(), [503, 'No worker is alive']);
  } finally {
    await admin.config('SET', 'maxmemory-policy', 'noeviction');
    admin.disconnect();
    gateway.kill('SIGTERM');
    await once(gateway, 'exit');
  }
});

test('it says once where it listens', async () => {
  const port = String(await freePort());
  const gateway = start({ REDIS_URL: redis.url, PORT: port });
  const said = text(gateway.stdout!);
  while (!(await fetch(`http://127.0.0.1:${port}/healthz`).catch(() => undefined))?.ok);
  gateway.kill('SIGTERM');
  assert.equal((await said).match(/listening at/gi)?.length, 1, await said);
  assert.ok((await said).includes(`gateway listening at http://127.0.0.1:${port}`), await said);
});

for (const [what, environment, complaint] of [
  ['without REDIS_URL', {}, /^gateway: REDIS_URL is not set/],
  ['with a bad variable', { PORT: 'http' }, /PORT="http": must be/],
] as const)
  test(`${what} it says so and ends with code 1`, async () => {
    const gateway = start(environment);
    const [errors, [code]] = await Promise.all([text(gateway.stderr!), once(gateway, 'exit')]);
    assert.equal(code, 1);
    assert.match(errors, complaint);
    assert.doesNotMatch(errors, /^\s+at /m);
  });

test('an address that is taken is told in one line', async () => {
  const taken = net.createServer().listen(0, '127.0.0.1');
  await once(taken, 'listening');
  const { port } = taken.address() as AddressInfo;
  const gateway = start({ REDIS_URL: redis.url, PORT: String(port) });
  const [errors, [code]] = await Promise.all([text(gateway.stderr!), once(gateway, 'exit')]);
  assert.equal(code, 1);
  assert.match(errors, new RegExp(`^gateway: listen EADDRINUSE.*127\\.0\\.0\\.1:${port}\n$`));
  taken.close();
});
