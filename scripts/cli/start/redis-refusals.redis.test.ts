import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';
import { startTcpRedis, type TcpRedis } from '../../../src/jobs/testing/tcp-redis.ts';
import { boundToParent } from '../../../src/process/bound-process.ts';
import { freePort } from '../../../src/testing/free-port.ts';
import { after, before } from '../../../src/testing/hooks.ts';

/** Every process that opens Redis says by the same words why it cannot use the one it was given. */

const bounded = { timeout: 60_000 };
const root = path.resolve(import.meta.dirname, '../../..');
const dataDir = mkdtempSync(path.join(os.tmpdir(), 'refusals-'));
const servers: Record<string, TcpRedis> = {};
before(async () => {
  servers.password = await startTcpRedis(['--port', 'PORT', '--requirepass', 'right-password']);
  servers.cluster = await startTcpRedis(['--port', 'PORT', '--cluster-enabled', 'yes']);
  servers.sentinel = await startTcpRedis(['DIRECTORY/sentinel.conf', '--sentinel'], {
    'sentinel.conf': 'port PORT\nsentinel monitor primary 127.0.0.1 1 1\n',
  });
  servers.evicting = await startTcpRedis(['--port', 'PORT', '--maxmemory-policy', 'allkeys-lru']);
});
after(async () => {
  for (const server of Object.values(servers)) await server.remove();
  rmSync(dataDir, { recursive: true, force: true });
});

const commands = {
  'npm start': ['scripts/cli/start/testing/start-without-engine.ts'],
  'the gateway': ['src/gateway/server.ts'],
  'the worker': ['workers/testing/worker.ts', '3000', '1000'],
  'npm run keys': ['scripts/cli/keys.ts', 'list'],
};

for (const [who, args] of Object.entries(commands))
  for (const [server, credentials, told] of [
    ['password', ':wr@ng-password@', /refuses the user name or password of REDIS_URL \(WRONGPASS\)/],
    ['cluster', '', /is a node of a Redis Cluster/],
    ['sentinel', '', /is a Sentinel/],
    ...(who === 'npm run keys' ? [] : [['evicting', '', /has maxmemory-policy "allkeys-lru"/] as const]),
  ] as const)
    test(`${who} refuses a Redis by its name: ${server}`, bounded, async () => {
      const { port } = servers[server]!;
      const child = spawn(...boundToParent('KILL', process.execPath, args), {
        cwd: root,
        stdio: ['ignore', 'pipe', 'pipe'],
        env: {
          ...{ PATH: process.env.PATH, DATA_DIR: dataDir, PORT: String(await freePort()) },
          REDIS_URL: `redis://${credentials}127.0.0.1:${port}`,
        },
      });
      const [said, complained, [code]] = await Promise.all([
        text(child.stdout),
        text(child.stderr),
        once(child, 'exit'),
      ]);
      assert.equal(code, 1);
      assert.match(complained, told);
      assert.doesNotMatch(said + complained, /wr@ng|ng-password/);
    });
