import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { returnedBuffers } from './returned-buffers.ts';

/** A hundred pictures of a megabyte with a small block after each, of which the small ones stay. */
const program = `
  const held = () => { gc(); gc(); return process.memoryUsage.rss() / 2 ** 20; };
  Buffer.allocUnsafeSlow(2 ** 21).fill(1);
  await new Promise(setImmediate);
  const before = held();
  const staying = [];
  let pictures = [];
  for (let picture = 0; picture < 100; picture++) {
    pictures.push(Buffer.allocUnsafeSlow(2 ** 20).fill(1));
    staying.push(Buffer.allocUnsafeSlow(2 ** 14).fill(1));
  }
  pictures = [];
  for (let turn = 0; turn < 5; turn++) { gc(); await new Promise(setImmediate); }
  console.log(held() - before, staying.length);
`;
const isGlibc =
  'glibcVersionRuntime' in (process.report.getReport() as unknown as { readonly header: object }).header;

/** Megabytes that the process keeps of those pictures. */
async function kept(environment: NodeJS.ProcessEnv): Promise<number> {
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ['--expose-gc', '--input-type=module', '--eval', program],
    { env: { ...process.env, MALLOC_MMAP_THRESHOLD_: undefined, ...environment } },
  );
  return Number.parseFloat(stdout);
}

test('the memory of pictures goes back although small blocks beside them stay', {
  skip: !isGlibc && 'only glibc is told so',
}, async () => {
  const [told, untold] = await Promise.all([kept(returnedBuffers), kept({})]);
  assert.ok(told < 25, `${told} MB stay`);
  assert.ok(untold > 75, `${untold} MB stay without it, so this test shows nothing`);
});
