/** npm run test:fast: the tests that need neither Redis nor a checkpoint nor a browser. */

import { spawnSync } from 'node:child_process';
import { globSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { reachedFrom, root } from '../../src/testing/imports.ts';

/** What a test that is left to `npm test` reaches: a checkpoint's networks, a server's processes. */
const slow = {
  files: ['src/checkpoints/synthetic/tiny-checkpoint.ts', 'scripts/cli/start/testing/started-server.ts'],
  packages: ['onnxruntime-node', 'koffi', 'playwright-core'],
};

function isFast(file: string): boolean {
  if (/\.(redis|gpu)\.test\.ts$/.test(file)) return false;
  const { files, packages } = reachedFrom(file);
  return !slow.files.some((one) => files.has(one)) && !slow.packages.some((one) => packages.has(one));
}

const tests = globSync('{src,workers,scripts}/**/*.test.ts', { cwd: root }).filter(isFast).sort();
// They wait for nothing, so that every core is worth a file; node leaves one free by default.
const options = ['--test', '--test-reporter=dot', `--test-concurrency=${availableParallelism()}`];
const { status } = spawnSync(process.execPath, [...options, ...tests], {
  cwd: root,
  stdio: 'inherit',
});
process.exitCode = status ?? 1;
