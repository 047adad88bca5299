import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { networkEnvironment } from './network-environment.ts';

test("a person's own tunables stay beside ours, and their choice of pages is theirs", () => {
  const tunables = (given?: string) => networkEnvironment({ GLIBC_TUNABLES: given }).GLIBC_TUNABLES;
  assert.equal(tunables(), 'glibc.malloc.hugetlb=1');
  assert.equal(tunables('glibc.malloc.tcache_count=0'), 'glibc.malloc.tcache_count=0:glibc.malloc.hugetlb=1');
  assert.equal(tunables('glibc.malloc.hugetlb=0'), 'glibc.malloc.hugetlb=0');
});

test('there are threads for networks that are loaded side by side and for their files', () => {
  const threads = (given?: string) => networkEnvironment({ UV_THREADPOOL_SIZE: given }).UV_THREADPOOL_SIZE;
  // Five networks of a checkpoint, and the reads of the weights' copies.
  assert.ok(Number(threads()) >= 8);
  assert.equal(threads('5'), '5');
});

/** glibc asks for huge pages only where the system gives them to those who ask. */
function whyNotAsked(): string | false {
  const setting = '/sys/kernel/mm/transparent_hugepage/enabled';
  if (!existsSync(setting) || !readFileSync(setting, 'utf8').includes('[madvise]'))
    return 'huge pages are not for the asking here';
  const { glibcVersionRuntime } = (process.report.getReport() as { header: { glibcVersionRuntime?: string } })
    .header;
  const [major = 0, minor = 0] = (glibcVersionRuntime ?? '').split('.').map(Number);
  return major > 2 || (major === 2 && minor >= 35) ? false : 'needs glibc 2.35';
}

test('a process started with it asks for huge pages', { skip: whyNotAsked() }, () => {
  const program = `
    const block = Buffer.allocUnsafeSlow(16 << 20).fill(1);
    const flags = require('fs').readFileSync('/proc/self/smaps', 'utf8').match(/^VmFlags:.*/gm);
    process.stdout.write(String(flags.filter((line) => line.includes(' hg')).length));`;
  const asked = (environment: NodeJS.ProcessEnv) =>
    Number(execFileSync(process.execPath, ['-e', program], { env: environment, encoding: 'utf8' }));
  const { GLIBC_TUNABLES: _, ...bare } = process.env;
  assert.ok(asked({ ...bare, ...networkEnvironment(bare) }) > asked(bare));
});
