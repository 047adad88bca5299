import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import { quickVariant, writeTinyCheckpoints } from '../../../src/checkpoints/synthetic/tiny-checkpoint.ts';
import { readConfig } from '../../../src/config/config.ts';
import { cudaHere } from '../../../src/networks/testing/cuda-here.ts';
import { chooseDevice, chooseDevices, unusable, usableDevices } from './choose-device.ts';

const directory = mkdtempSync(path.join(tmpdir(), 'choose-device-'));
after(() => rmSync(directory, { recursive: true }));

const h200 = { index: 0, name: 'NVIDIA H200', computeCapability: '9.0', freeBytes: 140e9 };
const onH200 = (device: `cuda:${number}`) => ({ device, name: 'NVIDIA H200', freeBytes: 140e9 });
const environment = { MODELS_DIR: directory };

test('DEVICE=auto is the first GPU with enough memory, and says so', async () => {
  await writeTinyCheckpoints(directory, quickVariant);
  let wanted = 0;
  const config = await chooseDevice(readConfig(environment), environment, async (bytes) => {
    wanted = await bytes();
    return { usable: [onH200('cuda:1'), onH200('cuda:2')], problems: [] };
  });
  assert.equal(config.device, 'cuda:1');
  assert.match(
    config.deviceReason!,
    /^DEVICE=auto: NVIDIA H200, 140\.0 GB free of the 1\.4 GB needed at least$/,
  );
  // What follows from the device follows from this one.
  assert.deepEqual([config.residentModels, config.engineSilenceMaxSeconds], [2, 600]);
  assert.ok(wanted > (820 + 512) * 2 ** 20, `more than CUDA itself takes by the plans: ${wanted}`);
});

test('DEVICE=auto is the CPU where no GPU can be used, and says why', async () => {
  const look = async () => unusable('the driver sees no device');
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
  const problems = [
    'cuda:2 (NVIDIA B200) is of compute capability 10.0, for which the provider is not built',
    'cuda:1 (NVIDIA RTX 3050) has 3.9 GB free, and 7.3 GB are needed at least',
  ];
  assert.deepEqual(usableDevices([young, small, { ...h200, index: 3 }, h200], 7.3e9), {
    usable: [onH200('cuda:3'), onH200('cuda:0')],
    problems,
  });
  assert.deepEqual(usableDevices([young, small], 7.3e9), { usable: [], problems });
  assert.deepEqual(usableDevices([], 1), unusable('the driver sees no device'));
});

test('DEVICES=all is every GPU that can be used, each with what follows from it, and names those left out', async () => {
  const set = { DEVICES: 'all' };
  const look = async () => ({ usable: [onH200('cuda:0'), onH200('cuda:2')], problems: ['cuda:1 is small'] });
  const { configs, leftOut } = await chooseDevices(readConfig(set), set, look);
  assert.deepEqual(
    configs.map(({ device, residentModels, devices }) => [device, residentModels, devices]),
    [
      ['cuda:0', 2, undefined],
      ['cuda:2', 2, undefined],
    ],
  );
  assert.match(configs[1]!.deviceReason!, /^DEVICES=all: NVIDIA H200, 140\.0 GB free of/);
  assert.deepEqual(leftOut, ['cuda:1 is small']);
  // A command that computes on one takes the first.
  assert.equal((await chooseDevice(readConfig(set), set, look)).device, 'cuda:0');
  const none = async () => unusable('the driver sees no device');
  await assert.rejects(chooseDevices(readConfig(set), set, none), {
    message: 'DEVICES=all: no GPU can be used: the driver sees no device',
  });
});

test('a list of devices is taken as it stands, and one device alone is a list of one', async () => {
  const look = () => assert.fail('nobody looks');
  const devicesOf = async (environment: Record<string, string>) =>
    (await chooseDevices(readConfig(environment), environment, look)).configs.map(({ device }) => device);
  assert.deepEqual(await devicesOf({ DEVICES: 'cuda:1,cuda:0,cpu' }), ['cuda:1', 'cuda:0', 'cpu']);
  assert.deepEqual(await devicesOf({ DEVICE: 'cuda:3' }), ['cuda:3']);
  const listed = { DEVICES: 'cuda:1,cpu' };
  const [, second] = (await chooseDevices(readConfig(listed), listed, look)).configs;
  assert.deepEqual(
    [second!.residentModels, second!.engineSilenceMaxSeconds],
    [Number.POSITIVE_INFINITY, 1800],
  );
});

test('a device that stands in a file stays decided by it', async () => {
  const file = path.join(directory, 'device');
  writeFileSync(file, 'auto');
  const set = { DEVICE_FILE: file };
  const look = async () => ({ usable: [onH200('cuda:1')], problems: [] });
  assert.equal((await chooseDevice(readConfig(set), set, look)).device, 'cuda:1');
});
