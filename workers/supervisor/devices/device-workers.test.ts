import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { readConfig } from '../../../src/config/config.ts';
import { silentLog } from '../../testing/queue.ts';
import { type DeviceWorkersOptions, startDeviceWorkers } from './device-workers.ts';

type Heard = Parameters<DeviceWorkersOptions['run']>[1];

const configsOf = (...devices: string[]) => devices.map((DEVICE) => readConfig({ DEVICE }));

/** Workers that do nothing; those of the devices in `broken` do not start. */
function recordedWorkers() {
  const broken = new Set<string>();
  const events: string[] = [];
  const heard = new Map<string, Heard>();
  const run: DeviceWorkersOptions['run'] = async ({ device }, told) => {
    await setTimeout(1);
    if (broken.has(device)) throw new Error(`no ${device} here`);
    events.push(`${device} up`);
    heard.set(device, told);
    return { id: device, close: async () => void events.push(`${device} down`) };
  };
  return { broken, events, heard, run };
}

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await setTimeout(1);
}

test('every device has a worker, and all are closed together', async () => {
  const { events, run } = recordedWorkers();
  const workers = await startDeviceWorkers({
    ...{ configs: configsOf('cuda:0', 'cuda:1'), log: silentLog, run },
    onNone: () => assert.fail('two take jobs'),
  });
  await until(() => events.length === 2);
  await workers.close();
  assert.deepEqual(events.sort(), ['cuda:0 down', 'cuda:0 up', 'cuda:1 down', 'cuda:1 up']);
});

test('a device that does not start is tried again, at longer and longer pauses, while the other takes jobs', async () => {
  const { broken, events, run } = recordedWorkers();
  broken.add('cuda:1');
  const pauses: number[] = [];
  const log = {
    ...silentLog,
    error: (fields: object) => pauses.push((fields as { retryMs: number }).retryMs),
  };
  const workers = await startDeviceWorkers({
    ...{ configs: configsOf('cuda:0', 'cuda:1'), log, run, firstPauseMs: 5 },
    onNone: () => assert.fail('cuda:0 takes jobs'),
  });
  await until(() => pauses.length === 3);
  assert.deepEqual(pauses, [5, 10, 20]);
  broken.clear();
  await until(() => events.includes('cuda:1 up'));
  assert.deepEqual(events, ['cuda:0 up', 'cuda:1 up']);
  await workers.close();
});

test('a device that fails later is tried again, and only the end of the last one ends the process', async () => {
  const { broken, events, heard, run } = recordedWorkers();
  const ends: string[] = [];
  const workers = await startDeviceWorkers({
    ...{ configs: configsOf('cuda:0', 'cpu'), log: silentLog, run, firstPauseMs: 5 },
    onNone: (error) => ends.push((error as Error).message),
  });
  await until(() => heard.size === 2);
  heard.get('cuda:0')!.onHopeless(new Error('the GPU is gone'));
  await until(() => events.filter((event) => event === 'cuda:0 up').length === 2);
  assert.deepEqual(ends, []);

  for (const device of ['cuda:0', 'cpu']) broken.add(device);
  heard.get('cuda:0')!.onHopeless(new Error('gone again'));
  await until(() => events.filter((event) => event === 'cuda:0 down').length === 2);
  heard.get('cpu')!.onHopeless(new Error('and the last'));
  await until(() => ends.length > 0);
  assert.equal(ends[0], 'and the last');
  await workers.close();
});

test('a worker told of a changed models folder closes and starts again, alone', async () => {
  const { events, heard, run } = recordedWorkers();
  const workers = await startDeviceWorkers({
    ...{ configs: configsOf('cuda:0', 'cuda:1'), log: silentLog, run },
    onNone: () => assert.fail('all take jobs'),
  });
  await until(() => heard.size === 2);
  heard.get('cuda:1')!.onRescan!();
  await until(() => events.length === 4);
  assert.deepEqual(events.slice(2), ['cuda:1 down', 'cuda:1 up']);
  await workers.close();
});

test('where no device starts, the reason of each is told; of a single one its own error', async () => {
  const { broken, run } = recordedWorkers();
  for (const device of ['cuda:0', 'cuda:1']) broken.add(device);
  const onNone = () => assert.fail('nothing was up');
  const start = (...devices: string[]) =>
    startDeviceWorkers({
      ...{ configs: configsOf(...devices), log: silentLog, run, onNone },
      firstPauseMs: 1,
    });
  await assert.rejects(start('cuda:0', 'cuda:1'), {
    message: 'cuda:0: no cuda:0 here\ncuda:1: no cuda:1 here',
  });
  await assert.rejects(start('cuda:1'), { message: 'no cuda:1 here' });
});

test('a single device that fails later ends the process, for whoever watches it to start anew', async () => {
  const { heard, run } = recordedWorkers();
  const ended = Promise.withResolvers<unknown>();
  const workers = await startDeviceWorkers({
    ...{ configs: configsOf('cuda:0'), log: silentLog, run, firstPauseMs: 1 },
    onNone: ended.resolve,
  });
  heard.get('cuda:0')!.onHopeless(new Error('the GPU is gone'));
  assert.equal(((await ended.promise) as Error).message, 'the GPU is gone');
  await workers.close();
});

test('what starts while the process ends is closed again', async () => {
  const { events, run } = recordedWorkers();
  const late = Promise.withResolvers<void>();
  const workers = await startDeviceWorkers({
    configs: configsOf('cuda:0', 'cuda:1'),
    log: silentLog,
    run: async (config, told) => {
      if (config.device === 'cuda:1') await late.promise;
      return await run(config, told);
    },
    onNone: () => assert.fail('one takes jobs'),
  });
  await workers.close();
  late.resolve();
  await until(() => events.includes('cuda:1 down'));
});
