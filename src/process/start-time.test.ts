import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { processIdentity, startTimeOf } from './start-time.ts';

test('a process has its start time for good, and one that has ended has none', () => {
  const own = startTimeOf(process.pid);
  // ps counts from boot in whole seconds; ticks are hundredths (sysconf CLK_TCK on Linux).
  const uptime = Number(spawnSync('cat', ['/proc/uptime'], { encoding: 'utf8' }).stdout.split(' ')[0]);
  assert.ok(Math.abs(uptime - Number(own) / 100 - process.uptime()) < 2);
  assert.equal(startTimeOf(process.pid), own);
  assert.equal(processIdentity(process.pid), `${process.pid}-${own}`);
  const { pid } = spawnSync('true');
  assert.equal(startTimeOf(pid), undefined);
});
