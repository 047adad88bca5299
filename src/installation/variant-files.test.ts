import assert from 'node:assert/strict';
import { mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { deleteUnused, markUsed } from './variant-files.ts';

test('files of merged weights stay while they may be read, and of the others the four used last', async (t) => {
  const folder = await mkdtemp(path.join(tmpdir(), 'variant-files-'));
  t.after(() => rm(folder, { recursive: true }));
  const now = Date.now();
  const hoursAgo = { a1: 9, a2: 8, a3: 7, a4: 6, a5: 5, a6: 0.05, a7: 0.04, a8: 0.03, a9: 0.02, aa: 0.01 };
  for (const [name, hours] of Object.entries(hoursAgo)) {
    const file = path.join(folder, `loras-${name}.safetensors`);
    await writeFile(file, '');
    const at = new Date(now - hours * 3_600_000);
    await utimes(file, at, at);
  }
  await writeFile(path.join(folder, 'other.txt'), '');
  await deleteUnused(folder, now);
  const left = async () => (await readdir(folder)).sort();
  const used = ['a6', 'a7', 'a8', 'a9', 'aa'].map((name) => `loras-${name}.safetensors`);
  assert.deepEqual(await left(), [...used, 'other.txt']);

  const [oldest] = used;
  assert.equal(await markUsed(path.join(folder, oldest!)), true);
  await deleteUnused(folder, now + 2 * 3_600_000);
  assert.deepEqual(await left(), [oldest, ...used.slice(2), 'other.txt']);
  assert.equal(await markUsed(path.join(folder, used[1]!)), false);
  await deleteUnused(path.join(folder, 'none'));
});
