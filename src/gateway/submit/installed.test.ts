import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ApiError } from '../../contract/errors.ts';
import type { TextToImageRequest } from '../../contract/generation.ts';
import { routesOf } from '../../contract/routes.ts';
import type { WorkerInfo } from '../../jobs/queue/heartbeat.ts';
import { workerInfo } from '../../jobs/testing/worker-info.ts';
import { assertBaseModelInstalled, withInstalledRefiner } from './installed.ts';

const request = { endpoint: 'sdxl-torch', refiner: true, highNoiseFraction: 0.8 } as TextToImageRequest;
const worker = (facts: Partial<WorkerInfo>): WorkerInfo => ({ ...workerInfo, refiner: false, ...facts });
const withoutRefiner = {
  ...request,
  refiner: false,
  warnings: ['refiner true: no worker has the checkpoint "sdxl-refiner" now, made by the base alone'],
};
const refusal = (text: RegExp) => (error: unknown) =>
  error instanceof ApiError && error.status === 400 && text.test(error.message);

/** What a list of workers says of these; all are there. */
const list = (...workers: WorkerInfo[]) => ({
  expected: async () => workers,
  live: async () => workers,
  serves: async (route: string) =>
    workers.length === 0 || workers.some((each) => routesOf(each).includes(route)),
});

test('a refiner that no live worker has is refused by name', async () => {
  await assert.rejects(
    withInstalledRefiner(request, list(worker({})), 'off'),
    refusal(/"sdxl-refiner" is not installed/),
  );
});

test('a refiner that some worker has is kept', async () => {
  assert.equal(
    await withInstalledRefiner(request, list(worker({}), worker({ refiner: true })), 'off'),
    request,
  );
});

test('base and refiner on two different workers serve no request for both', async () => {
  const apart = list(worker({}), worker({ endpoints: ['sdxl-img2img'], refiner: true }));
  await assert.rejects(withInstalledRefiner(request, apart, 'off'), refusal(/"sdxl-refiner" is not/));
});

test('a missing refiner is left out where the fallback says so', async () => {
  assert.deepEqual(await withInstalledRefiner(request, list(worker({})), 'base'), withoutRefiner);
});

test('a refiner that was taken out is left out at once, beside workers that only have the base', async () => {
  // Within the grace it is remembered as expected, afterwards as gone.
  const remembered = { ...list(worker({})), serves: async () => true };
  assert.deepEqual(await withInstalledRefiner(request, remembered, 'base'), withoutRefiner);
  assert.equal(await withInstalledRefiner(request, remembered, 'off'), request);
  const gone = {
    live: async () => [],
    serves: async (route: string) => {
      if (route.includes('+')) throw new ApiError('noWorker', 'none has been alive for 120 s');
      return true;
    },
  };
  assert.deepEqual(await withInstalledRefiner(request, gone, 'base'), withoutRefiner);
  // Without a fallback it is refused by name, as one that was never there.
  await assert.rejects(
    withInstalledRefiner(request, gone, 'off'),
    refusal(/refiner is true, but the checkpoint "sdxl-refiner" is not installed; send "refiner": false/),
  );
  const nobody = {
    live: async () => [],
    serves: () => Promise.reject(new ApiError('noWorker', 'none has been alive for 120 s')),
  };
  for (const fallback of ['off', 'base'] as const)
    await assert.rejects(withInstalledRefiner(request, nobody, fallback), { code: 'noWorker' });
});

test('where every worker is away for a moment a request waits for the refiner it asked for', async () => {
  const away = { live: async () => [], serves: async () => true };
  assert.equal(await withInstalledRefiner(request, away, 'base'), request);
});

test('a missing refiner does not matter to a request that would not run it', async () => {
  for (const own of [
    { ...request, refiner: false },
    { ...request, highNoiseFraction: 1 },
  ])
    assert.equal(await withInstalledRefiner(own, list(worker({})), 'off'), own);
});

test('while nothing is known of any worker a request may wait for one', async () => {
  assert.equal(await withInstalledRefiner(request, list(), 'off'), request);
  await assertBaseModelInstalled('realvis', list());
});

test('text to image is refused when the live workers only do image to image', async () => {
  await assert.rejects(
    withInstalledRefiner(request, list(worker({ endpoints: ['sdxl-img2img'] })), 'off'),
    refusal(/"sdxl-base" is not installed/),
  );
});

test('a base model that no live worker has is refused with the installed ones of all', async () => {
  await assertBaseModelInstalled('juggernaut', list(worker({})));
  await assert.rejects(
    assertBaseModelInstalled('realvis', list(worker({}), worker({ baseModels: ['protovision'] }))),
    refusal(/"realvis" is not installed.*installed: juggernaut, protovision/),
  );
});

test('the checkpoints behind text to image are no base models', async () => {
  const names = [
    'sdxl-base',
    'sdxl-refiner',
    'sdxl-base+sdxl-refiner',
    'juggernaut+sdxl-refiner',
    '+',
    'juggernaut+',
  ];
  for (const name of names)
    for (const workers of [list(worker({})), list()])
      await assert.rejects(
        assertBaseModelInstalled(name, workers),
        refusal(new RegExp(`"${RegExp.escape(name)}" is not installed`)),
      );
});
