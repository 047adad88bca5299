import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, symlinkSync } from 'node:fs';
import path from 'node:path';
import { after, beforeEach, test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { connect, patientOptions } from '../../../src/jobs/redis/connection.ts';
import { startPrivateRedis } from '../../../src/jobs/testing/redis-server.ts';
import { killIfThere } from '../../../src/testing/kill-if-there.ts';
import { gone } from '../../../workers/testing/queue.ts';
import { commandOf, descendants } from './testing/process-tree.ts';
import { commandPath, createStarts } from './testing/starts.ts';

const { place, folder, begin, next, end } = createStarts();
beforeEach(next);
after(end);

/** A process that never comes up or never ends is a failure, not a hang. */
const bounded = { timeout: 60_000 };

test(
  'the first start prints a key and a curl line that work, and Ctrl-C ends every child',
  bounded,
  async () => {
    const start = begin();
    const text = await start.up();
    const key = /shown only this once: (SG_[0-9a-f]{16})/.exec(text)?.[1];
    assert.ok(
      text.includes(`curl -X POST http://127.0.0.1:${place.port}/v1/sdxl-torch -H 'x-api-key: ${key}'`),
      text,
    );
    const answer = await post('/v1/sdxl-torch', key!, 'a picture');
    assert.equal(answer.status, 200);
    assert.ok((await answer.arrayBuffer()).byteLength > 100);

    assert.match(text, /^Open http:\/\/127\.0\.0\.1:\d+\/#sign-in=[\w-]{22}$/m);
    const another = createKey();
    assert.match(another, /^SG_[0-9a-f]{16}$/);
    assert.equal((await post('/v2/sdxl-torch', another, 'a picture')).status, 200);

    const children = descendants(start.pid);
    const programs = children.map((pid) => commandOf(pid).join(' '));
    // Redis forks now and then to write its file anew; the page is prepared once, by a process of its own.
    // One without a name has just been forked, or has ended.
    const passing = /^$|^redis-(aof-rewrite|rdb-bgsave)|page\/prepare\.ts/;
    const lasting = programs.filter((program) => !passing.test(program));
    assert.equal(lasting.length, 4, programs.join('\n'));
    assert.equal(await start.end('SIGINT'), 0);
    await Promise.all(children.map(gone));
  },
);

test(
  'a second start on the same data directory knows the key and finishes the job that was stopped',
  bounded,
  async () => {
    const first = begin();
    const key = keyIn(await first.up());
    const id = await submit(key, 'stopped stepMs=100');
    await status(key, id, 'PROCESSING');
    assert.equal(await first.end('SIGTERM'), 0);

    const second = begin();
    assert.doesNotMatch(await second.up(), /shown only this once/);
    await status(key, id, 'COMPLETED');
    await second.end('SIGINT');
  },
);

test('a Redis that says nothing for two seconds meanwhile is waited for', bounded, async (t) => {
  const server = await startPrivateRedis();
  const redis = await connect(server.url, patientOptions(), assert.ifError);
  t.after(async () => {
    redis.disconnect();
    await server.remove();
  });
  const start = begin({ REDIS_URL: server.url });
  // This test's, the start's, and one of the gateway or the worker, whose heartbeat the start waits for.
  const connections = async () =>
    String(await redis.client('LIST'))
      .trim()
      .split('\n').length;
  while ((await connections()) < 3) await setTimeout(20);
  await redis.client('PAUSE', 2000, 'ALL');
  await start.up();
  assert.equal(await start.end('SIGINT'), 0);
});

test('a killed start takes its children with it, and the next one finishes its job', bounded, async () => {
  const first = begin();
  const key = keyIn(await first.up());
  const id = await submit(key, 'killed stepMs=100');
  await status(key, id, 'PROCESSING');
  const children = descendants(first.pid);
  const socket = readFileSync(path.join(place.dataDir, 'redis-url'), 'utf8').replace('unix:', '');
  await first.end('SIGKILL');
  const second = begin();
  await second.up();
  assert.ok(!existsSync(path.dirname(socket)), socket);
  await Promise.all(children.map(gone));
  await status(key, id, 'COMPLETED');
  await second.end('SIGINT');
});

test('children end with a killed start on a machine without setpriv too', bounded, async () => {
  const commands = await folder();
  for (const name of ['flock', 'redis-server']) symlinkSync(commandPath(name), path.join(commands, name));
  const start = begin({ PATH: commands });
  await start.up();
  const children = descendants(start.pid);
  // Redis, gateway, worker, engine and the watchdog; what prepares the page ends by itself.
  const lasting = children.filter((pid) => {
    const command = commandOf(pid);
    return command.length > 0 && !command.some((word) => word.endsWith('prepare.ts'));
  });
  assert.equal(lasting.length, 5);
  await start.end('SIGKILL');
  await Promise.all(children.map(gone));
});

test(
  'without MODELS_DIR a start says that the demo checkpoint is served, with it nothing of the kind',
  bounded,
  async () => {
    const demoModels = await folder();
    const demo = begin({}, demoModels);
    const text = await demo.up();
    assert.match(
      text,
      /MODELS_DIR is not set: a small demo checkpoint .*scripts\/maintainers\/train-demo\/README\.md/,
    );
    assert.doesNotMatch(text, /noise/);
    assert.match(text, /"prompt": "a large red circle /);
    await demo.end('SIGINT');

    const own = begin({ MODELS_DIR: demoModels }, demoModels);
    assert.doesNotMatch(await own.up(), /MODELS_DIR|demo/);
    await own.end('SIGINT');
  },
);

test('killed children are started again and nothing accepted is lost', bounded, async () => {
  const start = begin();
  const key = keyIn(await start.up());
  const id = await submit(key, 'survivor stepMs=150');
  await status(key, id, 'PROCESSING');
  await setTimeout(1100);
  for (const pid of descendants(start.pid)) if (pid !== start.pid) killIfThere(pid);
  await status(key, id, 'COMPLETED');
  assert.match(start.output(), /redis ended \(signal SIGKILL\) and is started again/);
  await start.end('SIGINT');
});

/** What scripts/cli/keys.ts prints. */
function createKey(): string {
  const { REDIS_URL: _, ...inherited } = process.env;
  const script = path.resolve(import.meta.dirname, '../keys.ts');
  const env = { ...inherited, DATA_DIR: place.dataDir };
  const { stdout, stderr } = spawnSync(process.execPath, [script, 'create', '--name', 'test'], {
    env,
    encoding: 'utf8',
  });
  return stdout.trim() || stderr;
}

function keyIn(text: string): string {
  return /shown only this once: (\S+)/.exec(text)![1]!;
}

function post(route: string, key: string, prompt: string): Promise<Response> {
  return fetch(`http://127.0.0.1:${place.port}${route}`, {
    method: 'POST',
    headers: { 'x-api-key': key, 'content-type': 'application/json' },
    body: JSON.stringify({ prompt, num_inference_steps: 20 }),
  });
}

async function submit(key: string, prompt: string): Promise<string> {
  const body = (await (await post('/v2/sdxl-torch', key, prompt)).json()) as { request_id: string };
  return body.request_id;
}

/** Polls until the request has that status; fails where it ends in another. */
async function status(key: string, id: string, expected: string): Promise<void> {
  for (;;) {
    const answer = await fetch(`http://127.0.0.1:${place.port}/v2/requests/${id}/status`, {
      headers: { 'x-api-key': key },
    }).catch(() => undefined);
    const body = answer?.status === 200 || answer?.status === 422 ? await answer.json() : {};
    const { status } = body as { status?: string };
    if (status === expected) return;
    assert.ok(!['COMPLETED', 'FAILED'].includes(status ?? ''), JSON.stringify(body));
    await setTimeout(50);
  }
}
