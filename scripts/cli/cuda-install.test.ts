import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { test } from 'node:test';
import { pinnedPackage } from './cuda/pinned-package.ts';
import { runtimeVersion } from './cuda/provider-files.ts';
import { serveFiles } from './download/testing/file-server.ts';

const install = (...args: string[]) =>
  spawnSync(process.execPath, [path.join(import.meta.dirname, 'cuda-install.ts'), ...args], {
    encoding: 'utf8',
  });

test('nothing is downloaded until the caller says which bytes are wanted, or that any will do', () => {
  for (const args of [[], ['--sha256', 'a'.repeat(64), '--unpinned'], ['--pinned', '--unpinned']]) {
    const { status, stdout } = install(...args);
    assert.equal(status, 2);
    assert.match(stdout, /--pinned \| --sha256 HEX \| --unpinned/);
  }
});

test('a hash that is none is refused', () => {
  const { status, stderr } = install('--sha256', 'abc');
  assert.equal(status, 1);
  assert.match(stderr, /--sha256 abc: must be 64 hexadecimal digits/);
});

test('a package is pinned for the release that is installed, and for no other', () => {
  const { url, sha256 } = pinnedPackage(runtimeVersion);
  assert.ok(url.includes(`onnxruntime_gpu-${runtimeVersion}-`), url);
  assert.match(sha256, /^[0-9a-f]{64}$/);
  assert.throws(() => pinnedPackage('1.2.3'), /no package of ONNX Runtime 1\.2\.3 is pinned .*--sha256/);
});

test('what is not the pinned package is refused', async () => {
  const server = await serveFiles({ '/mirror.whl': Buffer.from('something else') });
  // Not awaited by spawnSync: the server lives in this process.
  const child = spawn(
    process.execPath,
    [path.join(import.meta.dirname, 'cuda-install.ts'), '--pinned', '--url', `${server.url}/mirror.whl`],
    { stdio: ['ignore', 'ignore', 'pipe'] },
  );
  let said = '';
  child.stderr.on('data', (text: Buffer) => {
    said += text.toString();
  });
  const [code] = (await once(child, 'close')) as [number];
  await server.close();
  assert.equal(code, 1);
  assert.match(said, /wrong SHA-256: expected 5aacc98f/);
});
