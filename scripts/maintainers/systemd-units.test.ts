import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { settings } from '../../src/config/settings.ts';

const root = path.resolve(import.meta.dirname, '../..');
const units = path.join(root, 'deploy/systemd');
const analyze = (...args: string[]) => spawnSync('systemd-analyze', args, { encoding: 'utf8' });
const withoutSystemd = analyze('--version').error && 'no systemd-analyze on the PATH';

test('systemd finds nothing wrong with the units where the code is', { skip: withoutSystemd }, (t) => {
  const folder = mkdtempSync(path.join(tmpdir(), 'units-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const files = readdirSync(units).map((name) => {
    const file = path.join(folder, name);
    writeFileSync(file, readFileSync(path.join(units, name), 'utf8').replaceAll('/opt/sdxl-server', root));
    return file;
  });
  assert.equal(files.length, 2);
  const { status, stderr } = analyze('verify', '--man=no', ...files);
  assert.equal(stderr, '');
  assert.equal(status, 0);
});

test('the units are as exposed as "OK" at most (2.5 of 10)', { skip: withoutSystemd }, () => {
  for (const name of readdirSync(units)) {
    const file = path.join(units, name);
    const { status, stdout } = analyze('security', '--offline=true', '--threshold=25', file);
    assert.equal(status, 0, stdout.split('\n').at(-2));
  }
});

test('what the units set are settings', () => {
  const known = new Set(['NODE_ENV', ...Object.values(settings).map(({ variable }) => variable)]);
  for (const name of readdirSync(units)) {
    const text = readFileSync(path.join(units, name), 'utf8');
    const set = [...text.matchAll(/^Environment=(.*)$/gm)].flatMap(([, pairs = '']) => pairs.split(' '));
    for (const pair of set) assert.ok(known.has(pair.split('=')[0]!), pair);
  }
});
