import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { startTestService } from '../../../src/gateway/testing/service.ts';
import { createApiKey, findApiKey } from '../../../src/jobs/keys/api-keys.ts';
import { readAudit } from '../../../src/jobs/records/audit.ts';
import { type Connection, connect, failFastOptions } from '../../../src/jobs/redis/connection.ts';
import { type PrivateRedis, startPrivateRedis } from '../../../src/jobs/testing/redis-server.ts';
import { after, before } from '../../../src/testing/hooks.ts';

/** `npm run keys` as a process. */

let server: PrivateRedis;
let redis: Connection;
let dataDir: string;
before(async () => {
  server = await startPrivateRedis();
  redis = await connect(server.url, failFastOptions(), assert.ifError);
  dataDir = await mkdtemp(path.join(os.tmpdir(), 'sdxl-keys-'));
});
after(async () => {
  redis.disconnect();
  await server.remove();
  await rm(dataDir, { recursive: true });
});

/** Not at once: a connection that cannot answer its pings meanwhile would be told as trouble. */
async function keys(
  args: readonly string[],
  environment: Record<string, string> = { REDIS_URL: server.url },
  input = '',
) {
  const script = path.resolve(import.meta.dirname, '../keys.ts');
  const { PATH = '' } = process.env;
  const child = spawn(process.execPath, [script, ...args], {
    env: { PATH, DATA_DIR: dataDir, ...environment },
  });
  child.stdin.end(input);
  const [stdout, stderr, [status]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'close'),
  ]);
  return { stdout: stdout.trim(), stderr: stderr.trim(), status: status as number };
}

test('create prints a key alone, with the limits it was given', async () => {
  const { stdout, stderr } = await keys([
    ...['create', '--name', 'alice', '--endpoints', 'sdxl-torch', '--credits', '12.5'],
    ...['--requests-per-minute', '60', '--max-queued', '3', '--admin'],
  ]);
  assert.match(stdout, /^SG_[0-9a-f]{16}$/);
  assert.match(stderr, /alice.*only this once/);
  const { id, createdAt, ...stored } = (await findApiKey(redis, stdout))!;
  assert.ok(createdAt > 0 && stderr.includes(id));
  assert.deepEqual(stored, {
    name: 'alice',
    endpoints: ['sdxl-torch'],
    credits: 12.5,
    requestsPerMinute: 60,
    maxQueued: 3,
    admin: true,
  });
});

test('a key without limits has none', async () => {
  const { stdout } = await keys(['create', '--name', 'bob']);
  const { id, createdAt, ...stored } = (await findApiKey(redis, stdout))!;
  assert.deepEqual(stored, { name: 'bob', admin: false });
  const [, alice, bob] = await (await keys(['list'])).stdout.split('\n');
  assert.match(alice!, /alice +sdxl-torch +12.5 +60 +3 +yes +20/);
  assert.match(bob!, new RegExp(`^${id} +bob +all +unlimited +unlimited +unlimited +no +20`));
});

test('credits are added by id or by key; an unlimited key takes none', async () => {
  const { stdout: key } = await keys(['create', '--name', 'carol', '--credits', '0']);
  const { id } = (await findApiKey(redis, key))!;
  assert.equal((await keys(['credit', id, '2.5'])).stderr, `API key ${id} (carol) has 2.5 credits`);
  assert.equal((await keys(['credit', key, '1'])).stderr, `API key ${id} (carol) has 3.5 credits`);
  assert.equal((await keys(['credit', '--', id, '-3'])).stderr, `API key ${id} (carol) has 0.5 credits`);
  const { stdout: unlimited } = await keys(['create', '--name', 'dave']);
  const refused = await keys(['credit', unlimited, '1']);
  assert.equal(refused.status, 1);
  assert.match(refused.stderr, /is unlimited/);
});

test('a revoked key is gone', async () => {
  const { stdout: key } = await keys(['create', '--name', 'eve']);
  const { id } = (await findApiKey(redis, key))!;
  assert.equal((await keys(['revoke', id])).stderr, `API key ${id} (eve) is revoked`);
  assert.equal(await findApiKey(redis, key), undefined);
  assert.doesNotMatch((await keys(['list'])).stdout, /eve/);
  assert.deepEqual(await keys(['revoke', id]), {
    stdout: '',
    stderr: 'there is no such API key; "list" shows all of them',
    status: 1,
  });
});

test('an export brings keys, limits and balances to another Redis, and changes no key that is there', async () => {
  const { stdout: key } = await keys([
    'create',
    '--name',
    'frank',
    '--credits',
    '7',
    '--max-queued',
    '2',
    '--admin',
  ]);
  const { stdout: exported } = await keys(['export']);
  assert.ok(!exported.includes(key));
  const before = await findApiKey(redis, key);
  await redis.flushall();
  const { stdout: other } = await keys(['create', '--name', 'grace']);
  const count = exported.split('\n').length;
  const all = { REDIS_URL: server.url };
  assert.equal(
    (await keys(['import'], all, exported)).stderr,
    `${count} API keys added, 0 were there already`,
  );
  assert.deepEqual(await findApiKey(redis, key), before);
  assert.equal((await findApiKey(redis, other))?.name, 'grace');
  await keys(['credit', key, '1']);
  assert.equal(
    (await keys(['import'], all, `${exported}\n`)).stderr,
    `0 API keys added, ${count} were there already`,
  );
  assert.equal((await findApiKey(redis, key))?.credits, 8);
});

for (const [lines, complaint] of [
  ['{', /^line 1 is not JSON/],
  ['\n{"id":"0123456789abcdef"}', /^line 2 is no exported API key: digest/],
  [
    JSON.stringify({ id: '0'.repeat(16), digest: '1'.repeat(64), name: 'x', createdAt: '1' }),
    /id is not that of the digest/,
  ],
  [
    JSON.stringify({ id: '1'.repeat(16), digest: '1'.repeat(64), name: 'x', createdAt: '1', credits: '1.5' }),
    /credits/,
  ],
] as const)
  test(`an import of ${JSON.stringify(lines.slice(0, 30))} is refused`, async () => {
    const { stderr, status } = await keys(['import'], { REDIS_URL: server.url }, lines);
    assert.equal(status, 1);
    assert.match(stderr, complaint);
  });

for (const [args, complaint] of [
  [[], /^no command given\n\nusage/],
  [['make'], /^unknown command "make"/],
  [['create'], /^create needs --name/],
  [['create', '--name', 'x', '--credit', '1'], /--credit/],
  [['create', '--name', 'x', '--endpoints', 'sdxl'], /"sdxl" is none of sdxl-torch, sdxl-img2img/],
  [['create', '--name', 'x', '--credits', '1e3'], /--credits must be a number.*got "1e3"/],
  [['create', '--name', 'x', '--max-queued', '0'], /--max-queued must be a whole number from 1, got "0"/],
  [['create', '--name', 'x', '--requests-per-minute', '1.5'], /--requests-per-minute must be/],
  [['list', 'all'], /^list takes no arguments/],
  [['revoke'], /^expected ID/],
  [['credit', 'x'], /^expected ID and AMOUNT/],
  [['credit', 'x', 'much'], /^AMOUNT must be a number.*got "much"/],
] as const)
  test(`"${args.join(' ')}" is told what is wrong with it`, async () => {
    const { stdout, stderr, status } = await keys(args);
    assert.deepEqual([stdout, status], ['', 1]);
    assert.match(stderr, complaint);
    assert.match(stderr, /usage: npm run keys/);
  });

test('without REDIS_URL the Redis of the running start is used, and its absence is told', async () => {
  const absent = `REDIS_URL is not set and no "npm start" runs on ${dataDir}`;
  assert.deepEqual(await keys(['list'], {}), { stdout: '', stderr: absent, status: 1 });
  const file = path.join(dataDir, 'redis-url');
  await writeFile(file, server.url);
  assert.equal((await keys(['list'], {})).status, 0);
  // What a killed start leaves behind.
  await writeFile(file, `unix:${dataDir}/gone.sock`);
  assert.deepEqual(await keys(['list'], {}), { stdout: '', stderr: absent, status: 1 });
});

test('where a server runs the same commands go through its admin API, and stand in its audit log', async () => {
  const { app, producer, close } = await startTestService();
  try {
    const url = await app.listen({ port: 0, host: '127.0.0.1' });
    const { key: adminKey } = await createApiKey(producer.redis, 'root', { admin: true });
    const script = path.resolve(import.meta.dirname, '../keys.ts');
    const remote = (args: string[], key = adminKey) =>
      promisify(execFile)(process.execPath, [script, ...args], {
        env: { PATH: process.env.PATH ?? '', SDXL_URL: `${url}/`, SDXL_API_KEY: key },
      });
    const { stdout } = await remote(['create', '--name', 'carol', '--credits', '5', '--max-queued', '2']);
    const made = (await findApiKey(producer.redis, stdout.trim()))!;
    assert.deepEqual([made.name, made.credits, made.maxQueued], ['carol', 5, 2]);
    await remote(['credit', made.id, '2.5']);
    assert.match((await remote(['list'])).stdout, /carol +all +7\.5 /);
    await remote(['revoke', stdout.trim()]);
    assert.equal(await findApiKey(producer.redis, stdout.trim()), undefined);
    const acts = (await readAudit(producer.redis, 10)).map(({ act, on }) => `${act} ${on}`);
    assert.deepEqual(acts, [`revoke key ${made.id}`, `credit 2.5 ${made.id}`, 'create key carol']);
    await assert.rejects(remote(['list'], 'SG_0123456789abcdef'), /the server answered 401/);
    await assert.rejects(remote(['export']), /works on the Redis itself/);
  } finally {
    await close();
  }
});
