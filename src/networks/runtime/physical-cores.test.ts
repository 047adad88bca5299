import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { test } from 'node:test';
import { physicalCores } from './physical-cores.ts';

test('there is a core to compute on, and no more than there are threads for', () => {
  assert.ok(physicalCores() >= 1);
  assert.ok(physicalCores() <= availableParallelism());
});

const hasTaskset = existsSync('/usr/bin/taskset');

test('a process that is bound to one core counts one', { skip: !hasTaskset && 'no taskset here' }, () => {
  const program = `import('${import.meta.resolve('./physical-cores.ts')}').then((m) => console.log(m.physicalCores()))`;
  const counted = execFileSync('taskset', ['-c', '0', process.execPath, '-e', program], { encoding: 'utf8' });
  assert.equal(counted.trim(), '1');
});
