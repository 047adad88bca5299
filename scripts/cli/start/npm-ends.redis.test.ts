import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { startPrivateRedis } from '../../../src/jobs/testing/redis-server.ts';
import { freePort } from '../../../src/testing/free-port.ts';
import { gone } from '../../../workers/testing/queue.ts';
import { shippedModels } from './demo-models.ts';
import { descendants } from './testing/process-tree.ts';

/** Supervisors, `timeout` and containers end npm alone; nothing that it started may stay behind. */

const bounded = {
  timeout: 180_000,
  skip: existsSync(shippedModels) ? false : `there is no demo checkpoint in ${shippedModels}`,
};
const root = path.resolve(import.meta.dirname, '../../..');

interface Npm {
  readonly process: ChildProcess;
  output(): string;
}

function npm(script: string, environment: NodeJS.ProcessEnv): Npm {
  const child = spawn('npm', ['run', script], {
    cwd: root,
    env: { PATH: process.env.PATH, HOME: process.env.HOME, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
    // Neither a terminal nor a group of ours stands behind it.
    detached: true,
  });
  let output = '';
  for (const stream of [child.stdout!, child.stderr!])
    stream.on('data', (chunk: Buffer) => {
      output += chunk.toString();
    });
  return { process: child, output: () => output };
}

async function says({ process: child, output }: Npm, words: string): Promise<void> {
  while (!output().includes(words)) {
    assert.equal(child.exitCode, null, output());
    await setTimeout(50);
  }
}

for (const signal of ['SIGTERM', 'SIGKILL', 'SIGHUP'] as const)
  test(`npm start that is ended by ${signal} leaves no process behind`, bounded, async (t) => {
    const dataDir = await mkdtemp(path.join(os.tmpdir(), 'npm-ends-'));
    t.after(() => rm(dataDir, { recursive: true, force: true }));
    const start = npm('start', { DATA_DIR: dataDir, PORT: String(await freePort()) });
    await says(start, 'Try it:');
    const below = descendants(start.process.pid!);
    // The launcher, Redis, gateway, worker and engine.
    assert.ok(below.length >= 5, start.output());
    const ended = once(start.process, 'exit');
    start.process.kill(signal);
    await ended;
    await Promise.all(below.map(gone));
  });

for (const [script, words] of [
  ['gateway', 'gateway listening'],
  ['worker', 'worker takes jobs'],
] as const)
  for (const signal of ['SIGTERM', 'SIGKILL'] as const)
    test(`npm run ${script} that is ended by ${signal} leaves no process behind`, bounded, async (t) => {
      const redis = await startPrivateRedis();
      t.after(() => redis.remove());
      const environment = {
        ...{ REDIS_URL: redis.url, PORT: String(await freePort()) },
        MODELS_DIR: shippedModels,
      };
      const run = npm(script, environment);
      await says(run, words);
      const below = descendants(run.process.pid!);
      assert.ok(below.length >= (script === 'worker' ? 2 : 1));
      const ended = once(run.process, 'exit');
      run.process.kill(signal);
      await ended;
      await Promise.all(below.map(gone));
    });
