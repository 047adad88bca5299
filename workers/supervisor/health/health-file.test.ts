import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import { silentLog } from '../../testing/queue.ts';
import { readHealth, reportHealth } from './health-file.ts';

const directory = mkdtempSync(path.join(tmpdir(), 'health-'));
const file = path.join(directory, 'worker');
after(() => rmSync(directory, { recursive: true }));

const now = () => Number(process.hrtime.bigint() / 1_000_000n);
const ok = (what: 'alive' | 'ready', now?: number) => readHealth(file, what, now).ok;

test('a worker is alive while it loads and while its engine is replaced, and ready when it has one', () => {
  assert.equal(ok('alive'), false);
  const report = reportHealth(file, silentLog);
  const health = report.of('cpu');
  assert.deepEqual([ok('alive'), ok('ready')], [true, false]);
  health.become('ready');
  assert.deepEqual([ok('alive'), ok('ready')], [true, true]);
  health.become('without engine');
  assert.deepEqual([ok('alive'), ok('ready')], [true, false]);
  health.become('ready');
  assert.equal(ok('ready', now() + 10_000), true);
  assert.equal(ok('alive', now() + 60_000), false, 'a worker that has said nothing for a minute');
  assert.equal(ok('alive', now() - 60_000), false, 'a file from before the machine was started anew');
  report.stop();
  assert.equal(existsSync(file), false);
});

test('a worker of several devices is ready while one of them is', () => {
  const report = reportHealth(file, silentLog);
  const [first, second] = [report.of('cuda:0'), report.of('cuda:1')];
  assert.deepEqual([ok('alive'), ok('ready')], [true, false]);
  second.become('ready');
  assert.equal(ok('ready'), true);
  first.become('without engine');
  assert.match(readHealth(file, 'ready').line, /^worker \d+: cuda:0 without engine, cuda:1 ready, \d s ago$/);
  second.become('without engine');
  assert.deepEqual([ok('alive'), ok('ready')], [true, false]);
  report.stop();
});

test('a folder that cannot be written stops no worker', () => {
  const warned: object[] = [];
  const log = { ...silentLog, warn: (fields: object) => warned.push(fields) };
  const report = reportHealth(path.join(directory, 'missing', 'worker'), log);
  const health = report.of('cpu');
  health.become('ready');
  assert.equal(health.state(), 'ready');
  assert.ok(warned.length > 0);
  report.stop();
});

test('the command says in its exit code what the file says', () => {
  const report = reportHealth(file, silentLog);
  const health = report.of('cpu');
  const ask = (...words: string[]) =>
    spawnSync(process.execPath, [path.join(import.meta.dirname, '../../health.ts'), ...words], {
      env: { ...process.env, HEALTH_FILE: file },
      encoding: 'utf8',
    });
  assert.equal(ask('alive').status, 0);
  assert.equal(ask().status, 1);
  health.become('ready');
  const { status, stdout } = ask('ready');
  assert.equal(status, 0);
  assert.match(stdout, new RegExp(`^worker ${process.pid}: cpu ready, \\d s ago`));
  report.stop();
  assert.match(ask().stdout, /no worker has written here/);
  assert.equal(ask('well').status, 2);
});
