/**
 * The tests of `npm test`, as many files at once as there are cores: most of them wait for processes they
 * have started. Node leaves a core free by default, which on two makes them wait one after another.
 */

import { spawnSync } from 'node:child_process';
import { availableParallelism } from 'node:os';
import path from 'node:path';
import { root } from '../../src/testing/imports.ts';

const options = [
  ...['--test', '--test-reporter=spec'],
  ...['--import', path.join(import.meta.dirname, 'end-hung-file.ts')],
  `--test-concurrency=${Math.max(2, availableParallelism())}`,
];
const tests = ['src', 'workers', 'scripts'].map((folder) => `${folder}/**/*.test.ts`);
const { status } = spawnSync(process.execPath, [...options, ...tests], { cwd: root, stdio: 'inherit' });
process.exitCode = status ?? 1;
