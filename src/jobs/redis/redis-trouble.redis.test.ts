import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import http from 'node:http';
import net, { type AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import { freePort } from '../../testing/free-port.ts';
import { startTestCluster } from '../testing/redis-cluster.ts';
import { startTestSentinels } from '../testing/redis-sentinels.ts';
import { makeCertificates, startTcpRedis, type TcpRedis, tlsSettings } from '../testing/tcp-redis.ts';
import { connect, failFastOptions, patientOptions } from './connection.ts';
import type { RedisAddress } from './redis-address.ts';

const bounded = { timeout: 30_000 };
const hasOpenssl = spawnSync('openssl', ['version']).status === 0;
const withTls = { ...bounded, skip: hasOpenssl ? false : 'there is no openssl' };

async function server(t: TestContext, ...given: Parameters<typeof startTcpRedis>): Promise<TcpRedis> {
  const redis = await startTcpRedis(...given);
  t.after(() => redis.remove());
  return redis;
}

/** What an operator reads of a Redis that cannot be used. */
async function complaint(url: RedisAddress, timeoutMs = 1500): Promise<string> {
  const error = await connect(url, failFastOptions(), () => undefined, timeoutMs).then(
    (redis) => {
      redis.disconnect();
      return new Error('it was used');
    },
    (error: Error) => error,
  );
  return error.message;
}

const passwordOnly = ['--port', 'PORT', '--requirepass', 'right-password'];
for (const [what, settings, url, told] of [
  [
    'a wrong password',
    passwordOnly,
    'redis://:wr@ng@127.0.0.1:PORT',
    /refuses the user name or password .*WRONGPASS/,
  ],
  [
    'no password',
    passwordOnly,
    'redis://127.0.0.1:PORT',
    /asks for a password and REDIS_URL has none \(NOAUTH\)/,
  ],
  ['an unknown user', passwordOnly, 'redis://nobody:right-password@127.0.0.1:PORT', /refuses the user name/],
  ['a database that is not there', ['--port', 'PORT'], 'redis://127.0.0.1:PORT/99', /database.* 99|DB index/],
  [
    'a node of a cluster',
    ['--port', 'PORT', '--cluster-enabled', 'yes'],
    'redis://127.0.0.1:PORT',
    /is a node of a Redis Cluster: redis\+cluster:\/\/127\.0\.0\.1:PORT$/,
  ],
  [
    'a replica',
    ['--port', 'PORT', '--replicaof', '127.0.0.1', '1'],
    'redis://127.0.0.1:PORT',
    /is a replica of 127\.0\.0\.1:1\b/,
  ],
] as const)
  test(`${what} is named at once, without what is secret`, bounded, async (t) => {
    const { port } = await server(t, settings);
    const started = performance.now();
    const message = await complaint(url.replace('PORT', String(port)), 20_000);
    assert.match(message.replaceAll(String(port), 'PORT'), told);
    assert.ok(message.includes(`127.0.0.1:${port}`), message);
    assert.doesNotMatch(message, /wr@ng|ng@|right-password/);
    assert.ok(performance.now() - started < 10_000);
  });

test('a Sentinel is named at once', bounded, async (t) => {
  const { port } = await server(t, ['DIRECTORY/sentinel.conf', '--sentinel'], {
    'sentinel.conf': 'port PORT\nsentinel monitor primary 127.0.0.1 1 1\n',
  });
  assert.match(
    await complaint(`redis://127.0.0.1:${port}`),
    new RegExp(`is a Sentinel: redis\\+sentinel://127\\.0\\.0\\.1:${port}/NAME .*watches primary`),
  );
  assert.match(await complaint(`redis://127.0.0.1:${port}/2`), /is a Sentinel/);
});

test('a user without the rights is named', bounded, async (t) => {
  const redis = await server(t);
  redis.ask('acl', 'setuser', 'reader', 'on', '>reader-password', '~*', '+@read', '-info');
  const url = `redis://reader:reader-password@127.0.0.1:${redis.port}/1`;
  assert.match(await complaint(url), /does not let the user of REDIS_URL|no database 1/);
});

test('TLS asked of a plain server and the reverse are named, each with what to write', withTls, async (t) => {
  const plain = await server(t);
  assert.match(
    await complaint(`rediss://127.0.0.1:${plain.port}`),
    /does not speak TLS: redis:\/\/ instead of rediss:\/\//,
  );
  const tls = await server(t, tlsSettings, {}, makeCertificates);
  assert.match(
    await complaint(`redis://127.0.0.1:${tls.port}`),
    /speaks TLS: rediss:\/\/ instead of redis:\/\//,
  );
});

test(
  'a certificate of an unknown authority is named with the setting that makes it known',
  withTls,
  async (t) => {
    const { port } = await server(t, tlsSettings, {}, makeCertificates);
    assert.match(await complaint(`rediss://127.0.0.1:${port}`), /authority that is not known.*REDIS_TLS_CA/);
  },
);

test('a server that asks for a certificate of the client is named, and used with one', withTls, async (t) => {
  const settings = tlsSettings.map((word) => (word === 'no' ? 'yes' : word));
  const { port, directory } = await server(t, settings, {}, makeCertificates);
  const [url, caFile] = [`rediss://localhost:${port}`, `${directory}/ca.crt`];
  assert.match(
    await complaint({ url, tls: { caFile } }),
    /asks for a certificate of the client: REDIS_TLS_CERT and REDIS_TLS_KEY/,
  );
  const own = { caFile, certFile: `${directory}/server.crt`, keyFile: `${directory}/server.key` };
  const redis = await connect({ url, tls: own }, failFastOptions(), assert.ifError);
  assert.equal(await redis.ping(), 'PONG');
  redis.disconnect();
});

test('an authority of its own is taken, for a cluster and for Sentinels too', withTls, async (t) => {
  const single = await server(t, tlsSettings, {}, makeCertificates);
  await using cluster = await startTestCluster({ masters: 1, replicas: false, isTls: true });
  await using sentinels = await startTestSentinels({ replicas: 0, sentinels: 1, isTls: true });
  const servers = [
    { url: `rediss://localhost:${single.port}`, directory: single.directory },
    cluster,
    sentinels,
  ];
  for (const { url, directory } of servers) {
    assert.match(await complaint(url), /authority that is not known/);
    const tls = { caFile: `${directory}/ca.crt` };
    const redis = await connect({ url, tls }, failFastOptions(), assert.ifError);
    assert.equal(await redis.set('{sdxl}:x', 1), 'OK');
    redis.disconnect();
  }
});

test('what is asked to be a cluster or Sentinels and is not is named', bounded, async (t) => {
  const { port } = await server(t, passwordOnly);
  const at = `:right-password@127.0.0.1:${port}`;
  assert.match(await complaint(`redis+cluster://${at}`), /is no node of a Redis Cluster: redis:\/\/ instead/);
  const access = { url: `redis+sentinel://${at}/primary`, sentinel: { password: 'right-password' } };
  assert.match(await complaint(access), /is no Sentinel: redis:\/\/ instead/);
});

test('Sentinels are named that ask for a password, or do not know the name', bounded, async (t) => {
  const { port } = await server(t, ['DIRECTORY/sentinel.conf', '--sentinel'], {
    'sentinel.conf': 'port PORT\nrequirepass right-password\nsentinel monitor primary 127.0.0.1 1 1\n',
  });
  const url = `redis+sentinel://127.0.0.1:${port}/other`;
  assert.match(await complaint(url), /asks for a password: REDIS_SENTINEL_PASSWORD/);
  const wrong = { url, sentinel: { password: 'wrong-password' } };
  assert.match(await complaint(wrong), /refuses REDIS_SENTINEL_USERNAME or REDIS_SENTINEL_PASSWORD/);
  const right = { url, sentinel: { password: 'right-password' } };
  assert.match(await complaint(right), /watches no master of the name .*\(it watches primary\)/);
  const known = { ...right, url: url.replace('other', 'primary') };
  assert.match(await complaint(known), /cannot be reached: nothing listens there/);
});

for (const [what, url, told] of [
  [
    'a closed port',
    async () => `redis://127.0.0.1:${await freePort()}`,
    /did not answer within 1\.5 s: it cannot be reached: nothing listens there/,
  ],
  ['an unknown host', async () => 'redis://nowhere.invalid:6379', /its host name is not known/],
  ['a missing socket', async () => 'unix:/nowhere/redis.sock', /there is no such socket/],
  ['a socket that is a file', async () => `unix:${import.meta.filename}`, /nothing listens there|no socket/],
] as const)
  test(`${what} is named once patience is over`, bounded, async () => {
    assert.match(await complaint(await url()), told);
  });

test('what is no Redis is named: an HTTP server, and one that says nothing', bounded, async (t) => {
  const web = http.createServer().listen(0, '127.0.0.1');
  const silent = net.createServer(() => undefined).listen(0, '127.0.0.1');
  await Promise.all([once(web, 'listening'), once(silent, 'listening')]);
  t.after(() => [web.close(), silent.close(), web.closeAllConnections()]);
  const port = (from: net.Server): number => (from.address() as AddressInfo).port;
  assert.match(await complaint(`redis://127.0.0.1:${port(web)}`), /does not answer as a Redis does/);
  assert.match(await complaint(`redis://127.0.0.1:${port(silent)}`), /takes connections but does not answer/);
});

test('a server that reads its data is named', bounded, async (t) => {
  const settings = ['--port', 'PORT', '--appendonly', 'yes', '--requirepass', 'right-password'];
  const slow = ['--key-load-delay', '2000', '--loading-process-events-interval-bytes', '1024'];
  const commands = Array.from(
    { length: 4000 },
    (_, i) => `*3\r\n$3\r\nSET\r\n$5\r\nk${1000 + i}\r\n$1\r\nx\r\n`,
  );
  const { port } = await server(t, [...settings, ...slow], {}, (directory) => {
    spawnSync(
      'sh',
      [
        '-c',
        'mkdir appendonlydir && printf "file appendonly.aof.1.incr.aof seq 1 type i\\n" > appendonlydir/appendonly.aof.manifest && cat > appendonlydir/appendonly.aof.1.incr.aof',
      ],
      { cwd: directory, input: commands.join('') },
    );
  });
  const message = await complaint(`redis://:right-password@127.0.0.1:${port}`);
  assert.match(message, /did not answer within 1\.5 s: it is still reading its data into memory \(LOADING\)/);
});

test('trouble that comes later is told in the same words, once and not at every try', bounded, async (t) => {
  const server0 = await server(t);
  const told: string[] = [];
  const redis = await connect(`redis://127.0.0.1:${server0.port}`, patientOptions(), (error) =>
    told.push(error.message),
  );
  t.after(() => redis.disconnect());
  server0.ask('config', 'set', 'requirepass', 'later-password');
  server0.ask('-a', 'later-password', 'client', 'kill', 'type', 'normal');
  while (!told.some((message) => message.includes('NOAUTH')))
    await new Promise((resolve) => setTimeout(resolve, 20));
  await new Promise((resolve) => setTimeout(resolve, 1500));
  assert.equal(told.filter((message) => message.includes('NOAUTH')).length, 1, told.join('\n'));
});
