import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import { runtimeRelease } from '../../src/networks/runtime/runtime.ts';
import { type CudaPackage, libraryPackages, pinnedProvider } from './cuda/cuda-packages.ts';
import type { DriverFacts } from './cuda/driver.ts';
import { installationNotice } from './cuda/installation-notice.ts';

const root = mkdtempSync(path.join(tmpdir(), 'cuda-install-'));
after(() => rmSync(root, { recursive: true }));

const install = (...args: string[]) =>
  spawnSync(process.execPath, [path.join(import.meta.dirname, 'cuda-install.ts'), ...args], {
    encoding: 'utf8',
  });

test('another provider is taken only by its hash, or where any will do', () => {
  for (const args of [
    ['--url', 'http://host/a.whl'],
    ['--sha256', 'a'.repeat(64)],
    ['--url', 'http://host/a.whl', '--sha256', 'a'.repeat(64), '--unpinned'],
  ]) {
    const { status, stdout } = install(...args);
    assert.equal(status, 2);
    assert.match(stdout, /--url URL \(--sha256 HEX \| --unpinned\)/);
  }
});

test('a hash and an address that are none are refused', () => {
  assert.match(
    install('--url', 'http://host/a', '--sha256', 'abc').stderr,
    /--sha256 abc: must be 64 hexadecimal digits/,
  );
  assert.match(install('--url', 'a.whl', '--unpinned').stderr, /--url a\.whl: must be an http\(s\) address/);
});

test('packages are pinned for the release that is installed, and for no other', () => {
  for (const { sha256, url } of [pinnedProvider(runtimeRelease), ...libraryPackages]) {
    assert.match(sha256 ?? '', /^[0-9a-f]{64}$/);
    assert.match(url, /^https:\/\/files\.pythonhosted\.org\/packages\/.*x86_64\.whl$/);
  }
  assert.ok(pinnedProvider(runtimeRelease).url.includes(`onnxruntime_gpu-${runtimeRelease}-`));
  assert.throws(() => pinnedProvider('1.2.3'), /no package of ONNX Runtime 1\.2\.3 is pinned .*--sha256/);
});

test('sizes, licences and the driver it takes are said, and a dry run fetches nothing', () => {
  const { status, stdout } = install('--dry-run', '--folder', path.join(root, 'none'));
  assert.equal(status, 0);
  assert.match(stdout, /nvidia-cublas 13\.1\.0\.3 +404 MiB +CUDA Toolkit EULA/);
  assert.match(stdout, /nvidia-cudnn-cu13 9\.19\.0\.56 +349 MiB +cuDNN SLA/);
  assert.match(stdout, /together 1\.11 GiB, 1\.50 GiB unpacked, into .*none; removing that folder is uninst/);
  assert.match(stdout, /CUDA 13 takes an NVIDIA driver of 580 or newer/);
});

test('a driver that is too old is said before anything is fetched', () => {
  const packages: CudaPackage[] = [];
  const notice = (driverVersion: string) =>
    installationNotice(packages, ['cublas'], '/x', {
      ...({ pciDevices: 1, kernelModule: driverVersion, smiProblem: undefined } as const),
      gpus: [],
    } satisfies DriverFacts);
  assert.match(notice('570.86.15'), /this machine has 570\.86\.15, which is TOO OLD/);
  assert.match(notice('580.65.06'), /this machine has 580\.65\.06$/);
  assert.match(notice('580.65.06'), /There already: cublas\nNothing is to be fetched\./);
});

test('what is not the pinned package is refused by its hash', () => {
  const [first] = [pinnedProvider(runtimeRelease)];
  writeFileSync(path.join(root, path.basename(first.url)), 'something else');
  const { status, stderr } = install('--mirror', root, '--folder', path.join(root, 'out'));
  assert.equal(status, 1);
  assert.match(stderr, /wrong SHA-256: expected 5aacc98f/);
});
