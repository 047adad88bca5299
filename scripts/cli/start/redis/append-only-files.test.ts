import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { checkAppendOnlyFiles, markUsed } from './append-only-files.ts';

/** The names that Redis 7 gives its files. */
const names = ['appendonly.aof.1.base.rdb', 'appendonly.aof.1.incr.aof', 'appendonly.aof.manifest'];

function dataDirectory(t: { after(end: () => void): void }, files: readonly string[]): string {
  const directory = mkdtempSync(path.join(os.tmpdir(), 'append-only-'));
  t.after(() => rmSync(directory, { recursive: true }));
  mkdirSync(path.join(directory, 'redis/appendonlydir'), { recursive: true });
  for (const name of files) writeFileSync(path.join(directory, 'redis/appendonlydir', name), '');
  return directory;
}

function said(dataDir: string): string[] {
  const lines: string[] = [];
  checkAppendOnlyFiles(dataDir, (line) => lines.push(line));
  return lines;
}

test('a fresh folder and a whole one need no word', (t) => {
  assert.deepEqual(said(dataDirectory(t, [])), []);
  const whole = dataDirectory(t, names);
  markUsed(whole);
  assert.deepEqual(said(whole), []);
});

for (const left of [[0], [1], [0, 1]])
  test(`files without their manifest are refused: ${left.map((index) => names[index]).join(', ')}`, (t) => {
    const dataDir = dataDirectory(
      t,
      left.map((index) => names[index]!),
    );
    assert.throws(() => said(dataDir), /appendonlydir holds data .* appendonly\.aof\.manifest is missing/);
  });

test('a folder that had data and has none says so', (t) => {
  const dataDir = dataDirectory(t, []);
  markUsed(dataDir);
  assert.match(said(dataDir).join(), /redis is gone: starting empty/);
  rmSync(path.join(dataDir, 'redis'), { recursive: true });
  assert.match(said(dataDir).join(), /redis is gone: starting empty/);
});

test('data of an older Redis, in one file, is data', (t) => {
  const dataDir = dataDirectory(t, []);
  markUsed(dataDir);
  writeFileSync(path.join(dataDir, 'redis/appendonly.aof'), '');
  assert.deepEqual(said(dataDir), []);
});
