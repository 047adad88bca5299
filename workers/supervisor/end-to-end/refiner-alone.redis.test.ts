import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';
import { quickVariant, writeTinyCheckpoints } from '../../../src/checkpoints/synthetic/tiny-checkpoint.ts';
import { startPrivateRedis } from '../../../src/jobs/testing/redis-server.ts';
import { boundToParent } from '../../../src/process/bound-process.ts';

test('a worker whose models can serve no request says so and ends', { timeout: 60_000 }, async (t) => {
  const directory = await mkdtemp(path.join(os.tmpdir(), 'refiner-alone-'));
  const redis = await startPrivateRedis();
  t.after(async () => {
    await redis.remove();
    await rm(directory, { recursive: true });
  });
  const written = await writeTinyCheckpoints(directory, quickVariant);
  for (const [kind, serves] of [
    ['base', 'sdxl-base'],
    ['refiner', 'sdxl-refiner'],
  ] as const)
    await writeFile(path.join(written[kind], 'model.json'), JSON.stringify({ kind, serves: [serves] }));
  const worker = spawn(
    ...boundToParent('KILL', process.execPath, [path.resolve(import.meta.dirname, '../../worker.ts')]),
    {
      env: {
        ...{ PATH: process.env.PATH, REDIS_URL: redis.url, MODELS_DIR: directory, DATA_DIR: directory },
        SERVE_MODELS: 'sdxl-refiner',
      },
      stdio: ['ignore', 'ignore', 'pipe'],
    },
  );
  const [complaint, [code]] = await Promise.all([text(worker.stderr), once(worker, 'exit')]);
  assert.equal(code, 1);
  assert.match(
    complaint,
    /SERVE_MODELS=sdxl-refiner: no request can be served by sdxl-refiner alone: a refiner needs its base, sdxl-base/,
  );
});
