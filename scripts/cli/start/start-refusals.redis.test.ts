import assert from 'node:assert/strict';
import { once } from 'node:events';
import { symlinkSync } from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { after, beforeEach, test } from 'node:test';
import { freePort } from '../../../src/testing/free-port.ts';
import { commandPath, createStarts } from './testing/starts.ts';

const { place, folder, begin, next, end } = createStarts();
beforeEach(next);
after(end);

/** A process that never comes up or never ends is a failure, not a hang. */
const bounded = { timeout: 60_000 };

test(
  'a second start on a data directory in use is refused by naming the process that has it',
  bounded,
  async () => {
    const first = begin();
    await first.up();
    place.port = await freePort();
    const second = begin();
    assert.equal(await second.ended, 1);
    assert.ok(
      second.output().includes(`${place.dataDir} is in use by process ${first.pid}`),
      second.output(),
    );
    await first.end('SIGINT');
  },
);

test('a start without MODELS_DIR and without the demo checkpoint says what to set', bounded, async () => {
  const missing = path.join(place.dataDir, 'no-demo-checkpoint');
  const start = begin({}, missing);
  assert.equal(await start.ended, 1);
  assert.ok(
    start.output().includes(`cannot start: MODELS_DIR is not set, and the demo checkpoint`) &&
      start.output().includes(`not in ${missing}: set MODELS_DIR`),
    start.output(),
  );
});

test('a port in use is named, and nothing stays behind', bounded, async () => {
  const other = net.createServer().listen(place.port, '127.0.0.1');
  await once(other, 'listening');
  const start = begin();
  assert.equal(await start.ended, 1);
  assert.ok(
    start.output().includes(`port ${place.port} of 127.0.0.1 is in use by another program`),
    start.output(),
  );
  other.close();
});

test('a machine without Redis and apt is told what to install', bounded, async () => {
  const commands = await folder();
  symlinkSync(commandPath('flock'), path.join(commands, 'flock'));
  const start = begin({ PATH: commands });
  assert.equal(await start.ended, 1);
  assert.match(
    start.output(),
    /no Redis found \(apt-get is missing\)\. Install one, for example "sudo apt-get install/,
  );
});

test('a bad value is named before anything starts', bounded, async () => {
  const start = begin({ DEVICE: 'tpu' });
  assert.equal(await start.ended, 1);
  assert.match(start.output(), /DEVICE="tpu": must be auto, cpu, webgpu or cuda:N/);
});

test('a Redis that does not answer is named without its password', bounded, async () => {
  const start = begin({ REDIS_URL: `redis://user:secret@127.0.0.1:${place.port}` });
  assert.equal(await start.ended, 1);
  assert.ok(
    start.output().includes(`Redis at redis://127.0.0.1:${place.port} did not answer`),
    start.output(),
  );
  assert.ok(!start.output().includes('secret'));
});
