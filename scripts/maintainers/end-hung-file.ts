/**
 * Loaded into the process of every test file (`node --test --import` this file): one that has not ended after
 * `HUNG_FILE_MS`, because something it waits for does not come, ends as a failure. Node's `--test-timeout`
 * ends the tests of a file, not what its hooks wait for.
 *
 * A file whose tests have all ended, but which has something open still, as after a failure, ends too, and
 * that is told. Node's `--test-force-exit` does that at once, before all results have been handed on: of 651
 * tests of the schedulers it reported 516 to 576.
 */

import { AsyncResource } from 'node:async_hooks';

const limitMs = Number(process.env.HUNG_FILE_MS ?? 6 * 60_000);
/** For what the tests' results are on their way in. */
const graceMs = 1000;

function end(what: string, code?: number): void {
  const open = process.getActiveResourcesInfo().join(', ');
  process.stderr.write(`${process.argv[1]} ${what}; open: ${open}\n`);
  process.exit(code);
}

setTimeout(() => end(`has not ended after ${limitMs / 1000} s`, 1), limitMs).unref();
// Not in a process that a test forks, which inherits this file: node:test would answer for what it throws.
if (process.argv[1]?.endsWith('.test.ts')) {
  const { after } = await import('node:test');
  // The file's own hooks come after the first of all, and closing what they opened may take a while: the
  // last of all is added when they are known.
  const file = new AsyncResource('test file');
  after(() =>
    file.runInAsyncScope(() => {
      after(() => {
        setTimeout(() => end('has something open after its tests'), graceMs).unref();
      });
    }),
  );
}
