/**
 * Loaded into the process of every test file (`node --test --import` this file): one that has not ended after
 * `HUNG_FILE_MS`, because something it waits for does not come, ends as a failure. Node's `--test-timeout`
 * ends the tests of a file, not what its hooks wait for.
 */
const limitMs = Number(process.env.HUNG_FILE_MS ?? 6 * 60_000);

setTimeout(() => {
  const open = process.getActiveResourcesInfo().join(', ');
  process.stderr.write(`${process.argv[1]} has not ended after ${limitMs / 1000} s; open: ${open}\n`);
  process.exit(1);
}, limitMs).unref();
