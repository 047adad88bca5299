import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { test } from 'node:test';

const install = (...args: string[]) =>
  spawnSync(process.execPath, [path.join(import.meta.dirname, 'cuda-install.ts'), ...args], {
    encoding: 'utf8',
  });

test('nothing is downloaded until the caller says which bytes are wanted, or that any will do', () => {
  for (const args of [[], ['--sha256', 'a'.repeat(64), '--unpinned']]) {
    const { status, stdout } = install(...args);
    assert.equal(status, 2);
    assert.match(stdout, /--sha256 HEX \| --unpinned/);
  }
});

test('a hash that is none is refused', () => {
  const { status, stderr } = install('--sha256', 'abc');
  assert.equal(status, 1);
  assert.match(stderr, /--sha256 abc: must be 64 hexadecimal digits/);
});
