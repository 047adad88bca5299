import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import path from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';

const testing = path.join(import.meta.dirname, '../../testing');

test('a worker holds nothing of the jobs it has done, with pictures of a megabyte in and out', {
  timeout: 120_000,
}, async () => {
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ['--expose-gc', path.join(testing, 'memory-of-jobs.ts'), path.join(testing, 'engine.ts'), '400', '1'],
    { env: { ...process.env, FAKE_PICTURE_BYTES: String(2 ** 20) } },
  );
  const held = JSON.parse(stdout) as { external: number; heap: number }[];
  assert.equal(held.length, 4);
  // 100 jobs pass between two looks: 200 MB where one of their pictures each stays.
  const [first] = held;
  for (const { external, heap } of held) {
    assert.ok(external - first!.external < 8, `buffers grow: ${stdout}`);
    assert.ok(heap - first!.heap < 4, `the heap grows: ${stdout}`);
  }
});
