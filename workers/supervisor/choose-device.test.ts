import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import { quickVariant, writeTinyCheckpoints } from '../../src/checkpoints/synthetic/tiny-checkpoint.ts';
import { readConfig } from '../../src/config/config.ts';
import { cudaHere } from '../../src/networks/testing/cuda-here.ts';
import { chooseDevice, firstFit } from './choose-device.ts';

const directory = mkdtempSync(path.join(tmpdir(), 'choose-device-'));
after(() => rmSync(directory, { recursive: true }));

const h200 = { index: 0, name: 'NVIDIA H200', computeCapability: '9.0', freeBytes: 140e9 };
const environment = { MODELS_DIR: directory };

test('DEVICE=auto is the first GPU with enough memory, and says so', async () => {
  await writeTinyCheckpoints(directory, quickVariant);
  let wanted = 0;
  const config = await chooseDevice(readConfig(environment), environment, async (bytes) => {
    wanted = bytes;
    return { device: 'cuda:1', name: 'NVIDIA H200', freeBytes: 140e9 };
  });
  assert.equal(config.device, 'cuda:1');
  assert.match(
    config.deviceReason!,
    /^DEVICE=auto: NVIDIA H200, 140\.0 GB free of the 2\.\d GB needed at least$/,
  );
  // What follows from the device follows from this one.
  assert.deepEqual([config.residentModels, config.engineSilenceMaxSeconds], [2, 600]);
  assert.ok(wanted > 2 * 2 ** 30, `the UNet and what it works in: ${wanted}`);
});

test('DEVICE=auto is the CPU where no GPU can be used, and says why', async () => {
  const look = async () => ({ problem: 'the driver sees no device' });
  const config = await chooseDevice(readConfig({}), {}, look);
  assert.equal(config.device, 'cpu');
  assert.equal(config.deviceReason, 'DEVICE=auto: no GPU: the driver sees no device');
  assert.equal(config.residentModels, Number.POSITIVE_INFINITY);
});

test('a device that was set stays, whatever is there', async () => {
  const look = () => assert.fail('nobody looks');
  for (const DEVICE of ['cpu', 'cuda:3', 'webgpu']) {
    const config = await chooseDevice(readConfig({ DEVICE }), { DEVICE }, look);
    assert.equal(config.device, DEVICE);
    assert.equal(config.deviceReason, undefined);
  }
});

test('a machine without a GPU is found to have none', {
  skip: cudaHere && 'there is a GPU here',
}, async () => {
  const { device, deviceReason } = await chooseDevice(readConfig({}), {});
  assert.equal(device, 'cpu');
  assert.match(
    deviceReason!,
    /no GPU: (the CUDA provider is not installed \(npm run cuda:install\)|there is no NVIDIA driver|ONNX Runtime has CUDA)/,
  );
});

test('devices that are too small or of another age are passed over, each with its reason', () => {
  const small = { ...h200, index: 1, name: 'NVIDIA RTX 3050', computeCapability: '8.6', freeBytes: 3.9e9 };
  const young = { ...h200, index: 2, name: 'NVIDIA B200', computeCapability: '10.0' };
  assert.deepEqual(firstFit([young, small, { ...h200, index: 3 }], 7.3e9), {
    ...{ device: 'cuda:3', name: 'NVIDIA H200', freeBytes: 140e9 },
  });
  assert.deepEqual(firstFit([young, small], 7.3e9), {
    problem:
      'cuda:2 (NVIDIA B200) is of compute capability 10.0, for which the provider is not built; ' +
      'cuda:1 (NVIDIA RTX 3050) has 3.9 GB free, and 7.3 GB are needed at least',
  });
  assert.deepEqual(firstFit([], 1), { problem: 'the driver sees no device' });
});
