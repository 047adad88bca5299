import assert from 'node:assert/strict';
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { quickVariant, writeTinyCheckpoints } from '../../../src/checkpoints/synthetic/tiny-checkpoint.ts';
import { readConfig } from '../../../src/config/config.ts';
import { cacheOf } from '../../../src/contract/bodies/cache-fields.ts';
import type { TextToImageRequest } from '../../../src/contract/generation.ts';
import { after, before } from '../../../src/testing/hooks.ts';
import { fakeRequest, gone, openTestQueue, silentLog, type TestQueue } from '../../testing/queue.ts';
import { type RunningWorker, runWorker } from '../run-worker.ts';

/** The real engine with more checkpoints than stay loaded. */

const models = mkdtempSync(path.join(tmpdir(), 'residency-'));
let queue: TestQueue;
let worker: RunningWorker;
const warnings: unknown[][] = [];
before(async () => {
  const { base, refiner } = await writeTinyCheckpoints(path.join(models, 'written'), quickVariant);
  const folder = path.join(models, 'models');
  for (const [from, name] of [
    [base, 'sdxl-base'],
    [refiner, 'sdxl-refiner'],
    [base, 'juggernaut'],
  ] as const)
    cpSync(from, path.join(folder, name), { recursive: true });
  cpSync(path.join(base, 'vae'), path.join(folder, 'flux'), { recursive: true });
  writeFileSync(path.join(folder, 'flux', 'model_index.json'), '{"_class_name":"FluxPipeline"}');
  writeFileSync(path.join(folder, 'my model.safetensors'), '');
  queue = await openTestQueue();
  worker = await runWorker({
    config: readConfig({ MODELS_DIR: folder, RESIDENT_MODELS: '2', DATA_DIR: models }),
    redisUrl: queue.redis.url,
    engineFile: path.join(import.meta.dirname, '../../engine.ts'),
    log: { ...silentLog, warn: (...line) => void warnings.push(line) },
    onHopeless: (error) => assert.fail(error),
  });
});
after(async () => {
  await worker.close();
  await queue.close();
  rmSync(models, { recursive: true });
});

test('what else lies in the models folder is told in the log and takes nothing down', () => {
  const told = warnings.filter(([, text]) => text === 'model not served');
  const entries = told.map(([fields]) => (fields as { entry: string }).entry);
  assert.deepEqual(entries.sort(), ['flux', 'my model.safetensors']);
  const reasons = told.map(([fields]) => (fields as { reason: string }).reason).sort();
  assert.match(reasons[0]!, /flux.model_index\.json: _class_name is "FluxPipeline"/);
  assert.match(reasons[1]!, /requests cannot name a model "my model"/);
});

test('a request gives the same picture before and after its checkpoints made room for another', async () => {
  const request = {
    ...fakeRequest('a red fox', 4),
    width: 96,
    height: 64,
    highNoiseFraction: 0.5,
    refiner: true,
  };
  const { style: _, highNoiseFraction: __, refiner: ___, width: ____, height: _____, ...common } = request;
  const first = await queue.end(await queue.submit(request));
  assert.equal(first.status, 'COMPLETED', first.error);
  assert.deepEqual(first.result?.checkpoints, ['sdxl-base', 'sdxl-refiner']);
  const engine = worker.enginePid();

  // Its own picture is the input of the other model's request.
  const id = await queue.submit(
    { ...common, endpoint: 'sdxl-img2img', baseModel: 'juggernaut', strength: 0.5, imageKey: '' },
    Buffer.from(await queue.picture(first), 'base64'),
  );
  const edited = await queue.end(id);
  assert.equal(edited.status, 'COMPLETED', edited.error);
  assert.deepEqual(edited.result?.checkpoints, ['juggernaut']);
  await gone(engine);

  const again = await queue.end(await queue.submit(request));
  assert.equal(await queue.picture(again), await queue.picture(first));
  assert.notEqual(worker.enginePid(), engine);
});

test('a request with a step cache whose engine is killed in mid-run gives the same picture of the same steps', async () => {
  const request: TextToImageRequest = {
    ...fakeRequest('a red fox', 40),
    ...{ width: 96, height: 64, scheduler: 'UniPC' },
    ...cacheOf({ name: 'spectrum' }, 'sdxl-torch', 'UniPC'),
  };
  const whole = await queue.end(await queue.submit(request));
  assert.equal(whole.status, 'COMPLETED', whole.error);
  const [made] = whole.result!.determinism!.images;
  assert.ok(made!.evaluations!.forecast > 0 && made!.evaluations!.computed > 0);

  const engine = worker.enginePid();
  const id = await queue.submit(request);
  await queue.stepsReported(id, 12);
  process.kill(engine, 'SIGKILL');
  const again = await queue.end(id);
  assert.equal(again.status, 'COMPLETED', again.error);
  assert.notEqual(worker.enginePid(), engine);
  assert.deepEqual(again.result!.determinism!.images, [made]);
  assert.equal(await queue.picture(again), await queue.picture(whole));
});
