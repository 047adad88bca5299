import assert from 'node:assert/strict';
import path from 'node:path';
import { afterEach, test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { readConfig } from '../../../src/config/config.ts';
import { liveWorkers, type WorkerInfo } from '../../../src/jobs/queue/heartbeat.ts';
import { after, before } from '../../../src/testing/hooks.ts';
import { engineChildren } from '../../testing/engine-children.ts';
import {
  bounded,
  fakeEdit,
  openTestQueue,
  silentLog,
  startFakeWorker,
  type TestQueue,
} from '../../testing/queue.ts';
import { type RunningWorker, runWorker } from '../run-worker.ts';

/**
 * Which worker gets a job where models are more than stay loaded, and what becomes of it when checkpoints are
 * exchanged.
 */

process.env.FAKE_MODELS = 'alpha beta gamma broken';
const one = { RESIDENT_MODELS: '1' };
let queue: TestQueue;
let running: RunningWorker[] = [];

before(async () => {
  queue = await openTestQueue();
});
afterEach(async () => {
  await Promise.all(running.map((worker) => worker.close()));
  running = [];
  process.env.FAKE_LOAD_MS = '0';
});
after(() => queue.close());

async function start(environment: Record<string, string>): Promise<RunningWorker> {
  const worker = await runWorker({
    config: readConfig(environment),
    redisUrl: queue.redis.url,
    engineFile: path.join(import.meta.dirname, '../../testing/engine.ts'),
    log: silentLog,
    lockDurationMs: 1000,
    stalledIntervalMs: 500,
    restartDelayMs: 20,
    onHopeless: (error) => assert.fail(error),
  });
  running.push(worker);
  return worker;
}

/** What the workers say of themselves, once it is so. */
async function told(what: (workers: WorkerInfo[]) => boolean): Promise<WorkerInfo[]> {
  for (;;) {
    const workers = await liveWorkers(queue.producer.redis);
    if (what(workers)) return workers;
    await setTimeout(10);
  }
}
const isLoaded = (...models: string[]) =>
  told((workers) => models.every((model) => workers.some(({ resident }) => resident.includes(model))));
const submit = (model: string, prompt = 'a', steps = 3) => queue.submit(fakeEdit(model, prompt, steps));

/** The device that made the pictures: each worker here has one of its own. */
async function madeOn(id: string): Promise<string | undefined> {
  const record = await queue.end(id);
  assert.equal(record.status, 'COMPLETED', record.error);
  return record.result?.determinism?.device;
}

test('several free workers: each job goes to the one that has its model loaded', bounded, async () => {
  await start({ ...one, SERVE_MODELS: 'alpha,beta', DEVICE: 'cpu' });
  await start({ ...one, SERVE_MODELS: 'beta,alpha', DEVICE: 'webgpu' });
  // Both have loaded alpha; the second one is made to exchange it.
  const [first] = await Promise.all([submit('alpha', 'stepMs=300'), isLoaded('alpha')]);
  const second = await submit('beta', 'stepMs=300');
  const devices = [await madeOn(first), await madeOn(second)];
  assert.deepEqual(new Set(devices), new Set(['cpu', 'webgpu']));
  const [alpha, beta] = devices;
  await told((workers) => workers.every(({ busy }) => !busy));
  const engines = running.map((worker) => worker.enginePid());
  for (let round = 0; round < 4; round++) {
    assert.equal(await madeOn(await submit('beta')), beta);
    await told((workers) => workers.every(({ busy }) => !busy));
    assert.equal(await madeOn(await submit('alpha')), alpha);
    await told((workers) => workers.every(({ busy }) => !busy));
  }
  assert.deepEqual(
    running.map((worker) => worker.enginePid()),
    engines,
  );
});

test(
  'a job whose model nobody has loaded gets an engine with it, and the old one ends',
  bounded,
  async () => {
    const worker = await start(one);
    await isLoaded('alpha');
    const engine = worker.enginePid();
    await madeOn(await submit('beta'));
    assert.notEqual(worker.enginePid(), engine);
    const [info] = await isLoaded('beta');
    assert.deepEqual(info?.resident, ['beta']);
    assert.deepEqual(info?.baseModels, ['alpha', 'beta', 'gamma', 'broken']);
  },
);

test('where there is room a model is loaded beside the others, in the same engine', bounded, async () => {
  const worker = await start({ RESIDENT_MODELS: '2', SERVE_MODELS: 'alpha,gamma,beta' });
  await isLoaded('alpha', 'beta');
  await madeOn(await submit('gamma'));
  const engine = worker.enginePid();
  assert.deepEqual((await isLoaded('gamma'))[0]?.resident, ['gamma']);
  await madeOn(await submit('alpha'));
  assert.equal(worker.enginePid(), engine);
  assert.deepEqual(new Set((await isLoaded('alpha', 'gamma'))[0]?.resident), new Set(['alpha', 'gamma']));
});

test(
  'a stream for the loaded model does not starve another, and an exchange is not made for each job',
  bounded,
  async () => {
    const worker = await start({ ...one, SWAP_AFTER_SECONDS: '2' });
    await isLoaded('alpha');
    const stream: string[] = [];
    let other: string | undefined;
    const engines = new Set<number>();
    let ended = false;
    while (!ended) {
      // Always two more of alpha than have been begun.
      if ((await queue.producer.countWaiting()) < 3) stream.push(await submit('alpha', 'stepMs=20'));
      if (stream.length === 5) other ??= await submit('beta');
      engines.add(worker.enginePid());
      ended = other !== undefined && (await queue.producer.read(other))?.finishedAt !== undefined;
      assert.ok(stream.length < 500, 'beta starves');
      await setTimeout(5);
    }
    assert.equal((await queue.end(other!)).status, 'COMPLETED');
    await Promise.all(stream.map((id) => queue.end(id)));
    engines.add(worker.enginePid());
    assert.ok(stream.length > 10, `only ${stream.length} jobs of alpha before beta`);
    assert.ok(engines.size <= 3, `${engines.size} engines`);
  },
);

test(
  'a worker takes no job of a model that it does not serve; all that workers serve is known',
  bounded,
  async () => {
    await start({ ...one, SERVE_MODELS: 'alpha' });
    const id = await submit('gamma');
    await madeOn(await submit('alpha'));
    assert.equal((await queue.producer.read(id))?.status, 'QUEUED');
    await start({ ...one, SERVE_MODELS: 'gamma,beta' });
    await madeOn(id);
    const workers = await isLoaded('alpha', 'gamma');
    assert.deepEqual(
      new Set(workers.flatMap(({ baseModels }) => baseModels)),
      new Set(['alpha', 'beta', 'gamma']),
    );
  },
);

test(
  'a model that cannot be loaded fails its job with that reason, and the worker goes on',
  bounded,
  async () => {
    await start(one);
    const record = await queue.end(await submit('broken'));
    assert.deepEqual(
      [record.status, record.attempts, record.error],
      ['FAILED', 2, 'The checkpoint broken could not be loaded on this worker'],
    );
    await madeOn(await submit('alpha'));
  },
);

test(
  'a worker killed while it exchanges models loses nothing: another one does the job',
  bounded,
  async () => {
    const environment = { FAKE_LOAD_MS: '500', RESIDENT_MODELS: '1', SERVE_MODELS: 'alpha,beta' };
    await using doomed = await startFakeWorker(queue.redis.url, 1000, 500, environment);
    const ids = [await submit('beta'), await submit('alpha'), await submit('beta')];
    // It has said that it loads beta, and takes half a second to.
    await isLoaded('beta');
    doomed.process.kill('SIGKILL');
    await doomed.ended;
    await start(one);
    for (const id of ids) await madeOn(id);
  },
);

test('an engine killed while it loads a model loses nothing: the job is tried again', bounded, async () => {
  const worker = await start(one);
  await isLoaded('alpha');
  process.env.FAKE_LOAD_MS = '500';
  const engine = worker.enginePid();
  const id = await submit('beta');
  let loading: number | undefined;
  while (loading === undefined) {
    loading = engineChildren().find((pid) => pid !== engine);
    await setTimeout(5);
  }
  process.kill(loading, 'SIGKILL');
  const record = await queue.end(id);
  assert.deepEqual([record.status, record.attempts], ['COMPLETED', 2]);
});

test(
  'a job cancelled while its model is loaded ends at once, and the next one finds it loaded',
  bounded,
  async () => {
    const worker = await start(one);
    await isLoaded('alpha');
    process.env.FAKE_LOAD_MS = '500';
    const id = await submit('beta');
    await isLoaded('beta');
    assert.equal((await queue.producer.cancel(id))?.status, 'FAILED');
    await madeOn(await submit('beta'));
    assert.deepEqual((await isLoaded('beta'))[0]?.resident, ['beta']);
    assert.ok(worker.enginePid() > 0);
  },
);
