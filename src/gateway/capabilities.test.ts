import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ApiError } from '../contract/errors.ts';
import type { TextToImageRequest } from '../contract/generation.ts';
import type { WorkerInfo } from '../jobs/heartbeat.ts';
import { assertBaseModelInstalled, assertSizePossible, withInstalledRefiner } from './capabilities.ts';

const request = { endpoint: 'sdxl-torch', refiner: true, highNoiseFraction: 0.8 } as TextToImageRequest;
const worker = (facts: Partial<WorkerInfo>): WorkerInfo => ({
  id: 'w',
  device: 'cpu',
  endpoints: ['sdxl-torch', 'sdxl-img2img'],
  refiner: false,
  baseModels: ['juggernaut'],
  sizeMultiple: 8,
  ...facts,
});
const refusal = (text: RegExp) => (error: unknown) =>
  error instanceof ApiError && error.status === 400 && text.test(error.message);

test('a refiner that no live worker has is refused by name', () => {
  assert.throws(
    () => withInstalledRefiner(request, [worker({})], false),
    refusal(/"sdxl-refiner" is not installed/),
  );
});

test('a refiner that some worker has is kept', () => {
  assert.equal(withInstalledRefiner(request, [worker({}), worker({ refiner: true })], false), request);
});

test('a missing refiner is left out where the fallback says so', () => {
  assert.deepEqual(withInstalledRefiner(request, [worker({})], true), { ...request, refiner: false });
});

test('a missing refiner does not matter to a request that would not run it', () => {
  for (const own of [
    { ...request, refiner: false },
    { ...request, highNoiseFraction: 1 },
  ])
    assert.equal(withInstalledRefiner(own, [worker({})], false), own);
});

test('with no worker alive a request may wait for one', () => {
  assert.equal(withInstalledRefiner(request, [], false), request);
  assertBaseModelInstalled('realvis', []);
});

test('text to image is refused when the live workers only do image to image', () => {
  assert.throws(
    () => withInstalledRefiner(request, [worker({ endpoints: ['sdxl-img2img'] })], false),
    refusal(/"sdxl-base" is not installed/),
  );
});

test('a base model that no live worker has is refused with the installed ones', () => {
  assertBaseModelInstalled('juggernaut', [worker({})]);
  assert.throws(
    () => assertBaseModelInstalled('realvis', [worker({}), worker({ baseModels: ['protovision'] })]),
    refusal(/"realvis" is not installed.*installed: juggernaut, protovision/),
  );
});

test('a size that no installed VAE can make is refused by field, value and multiple', () => {
  const sized = { ...request, width: 1000, height: 608 };
  assert.throws(
    () => assertSizePossible(sized, [worker({ sizeMultiple: 32 })]),
    refusal(/^img_width must be a multiple of 32 for the installed checkpoint, got 1000$/),
  );
  assert.throws(
    () => assertSizePossible({ ...sized, height: 600 }, [worker({ sizeMultiple: 32 })]),
    refusal(/img_width .* got 1000; img_height .* got 600/),
  );
  assertSizePossible(sized, [worker({ sizeMultiple: 32 }), worker({})]);
  assertSizePossible(sized, []);
  assertSizePossible({ ...sized, width: 992 }, [worker({ sizeMultiple: 32 })]);
});
