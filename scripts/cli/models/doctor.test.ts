import assert from 'node:assert/strict';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { beforeEach, test } from 'node:test';
import { writeTinyCheckpoints } from '../../../src/checkpoints/synthetic/tiny-checkpoint.ts';
import { cudaLibrary, recordName, sharedLibrary } from '../../../src/networks/runtime/cuda/cuda-folder.ts';
import { after, before } from '../../../src/testing/hooks.ts';
import { writeFakeLibrary } from '../cuda/testing/fake-library.ts';
import { createMachines, needed } from './testing/gpu-machine.ts';

const machines = createMachines();
const { at, gpu, installCuda, installProvider, look, modelsDir, script } = machines;
before(() => writeTinyCheckpoints(modelsDir));
beforeEach(machines.next);
after(machines.remove);

/** Lines that say something is missing, without mark. */
const missing = (text: string) =>
  text.split('\n').flatMap((line) => /^ {2}MISSING (.*)/.exec(line)?.[1] ?? []);

test('a machine without anything lacks provider, device and driver, and is told how to go on', async () => {
  const { text, librariesReady, cudaReady } = await look();
  assert.deepEqual([librariesReady, cudaReady], [false, false]);
  assert.deepEqual(missing(text), [
    `${cudaLibrary} is not beside ONNX Runtime (${at('binding')})`,
    `${sharedLibrary} is not beside ONNX Runtime (${at('binding')})`,
    'no NVIDIA device and no driver (/proc/driver/nvidia/version is not there, nvidia-smi is not on the PATH)',
  ]);
  assert.match(text, /npm run cuda:install \(built for CUDA 13/);
  assert.match(text, /DEVICE=cuda:N is refused when a worker starts; DEVICE=cpu works\.$/);
});

test('a complete machine is found ready', async () => {
  installProvider();
  installCuda();
  gpu('143771, 143000');
  const { text, cudaReady } = await look({ modelsDir });
  assert.equal(cudaReady, true, text);
  assert.deepEqual(missing(text), []);
  assert.match(text, /ok +libonnxruntime_providers_cuda\.so: all 4 libraries it needs are found/);
  assert.match(text, /ok +cuDNN 9\.12\.0 with all its parts/);
  assert.match(text, /ok +libonnxruntime_providers_cuda\.so names release 1\.30\.0/);
  assert.match(text, /ok +cuda:0: NVIDIA H200, compute capability 9\.0, driver 570\.86\.15/);
  assert.match(
    text,
    /weights \d\.\d+ MiB \(tiny-base 4\.\d+ MiB, tiny-refiner 3\.\d+ MiB, what they share once\)/,
  );
  assert.match(text, /for DEVICE=cpu all weights count in float32, 14\.9 MiB/);
  assert.match(text, /ok +cuda:0 has 140 GiB, of which 140 GiB are free: plan resident \(/);
  assert.doesNotMatch(text, /warning/);
});

test("a provider without CUDA on the loader's path lacks each soname, with where it comes from", async () => {
  installProvider();
  installCuda();
  gpu('143771, 143000');
  const { text, librariesReady } = await look({ libraryPath: '' });
  assert.equal(librariesReady, false);
  assert.deepEqual(
    missing(text).map((line) => /^(\S+) \(needed by libonnxruntime_providers_cuda\.so\)/.exec(line)?.[1]),
    needed,
  );
  assert.match(text, /apt install libcublas-12-x .*pip install nvidia-cublas-cu12/);
  assert.match(text, /apt install libcudnn9-cuda-12 .*must be cuDNN 9/);
  assert.match(text, /although there is a device/);
});

test('a folder with one of the two libraries is called half done', async () => {
  installProvider();
  installCuda();
  rmSync(at('binding', sharedLibrary));
  const { text } = await look();
  assert.match(missing(text)[0]!, /^libonnxruntime_providers_shared\.so is not beside/);
  assert.match(text, /the installation is half done/);
});

test('a truncated provider library is called damaged', async () => {
  installProvider();
  writeFileSync(at('binding', cudaLibrary), '\x7fELF cut');
  assert.match(missing((await look()).text)[0]!, /libonnxruntime_providers_cuda\.so: .*the file is damaged/);
});

test('another CUDA release than the provider needs is named', async () => {
  installProvider();
  installCuda();
  rmSync(at('cuda', 'libcublas.so.12'));
  script('ldconfig', 'printf "1 libs\\n\\tlibcublas.so.13 (libc6,x86-64) => /x/libcublas.so.13\\n"');
  assert.deepEqual(
    missing((await look()).text).filter((line) => line.startsWith('lib')),
    [
      'libcublas.so.12 (needed by libonnxruntime_providers_cuda.so) is in no folder that the loader looks in; libcublas.so.13 is there, which is another version and does not count',
    ],
  );
});

test('libraries that found libraries need are looked for too', async () => {
  installProvider();
  installCuda();
  writeFakeLibrary(at('cuda', 'libcublas.so.12'), { needed: ['libnvJitLink.so.12'] });
  assert.match(missing((await look()).text)[0]!, /^libnvJitLink\.so\.12 \(needed by libcublas\.so\.12\)/);
});

test('a cuDNN without its parts is incomplete, an old one is warned about', async () => {
  installProvider();
  installCuda('9.8.0');
  rmSync(at('cuda', 'libcudnn_ops.so.9'));
  const { text } = await look();
  assert.match(missing(text)[0]!, /^cuDNN in .* lacks libcudnn_ops\.so\.9$/);
  assert.match(text, /warning cuDNN 9\.8\.0 is old .*\n.*ORT_ENABLE_CUDNN_FLASH_ATTENTION=0/);
});

test('a provider of another release than onnxruntime-node is refused by what cuda:install recorded', async () => {
  installProvider({ tail: '' });
  installCuda();
  assert.match((await look()).text, /warning .* was put here by hand and does not name release 1\.30\.0/);
  const { statSync } = await import('node:fs');
  const bytes = Object.fromEntries(
    [cudaLibrary, sharedLibrary].map((name) => [name, statSync(at('binding', name)).size]),
  );
  const record = (version: string) =>
    writeFileSync(at('binding', recordName), JSON.stringify({ version, packages: [], bytes, order: [] }));
  record('1.29.0');
  assert.match(missing((await look()).text)[0]!, /of release 1\.29\.0, onnxruntime-node is 1\.30\.0/);
  record('1.30.0');
  assert.match((await look()).text, /ok +provider of release 1\.30\.0, as cuda:install recorded/);
});

test('libraries without a device are enough for an image build', async () => {
  installProvider();
  installCuda();
  const { text, librariesReady, cudaReady } = await look();
  assert.deepEqual([librariesReady, cudaReady], [true, false]);
  assert.match(text, /the libraries are complete, but there is no device here/);
});

test('a device on the bus without driver, and a driver that a container does not see, are told apart', async () => {
  const device = at('sys', 'sys/bus/pci/devices/0000:01:00.0');
  mkdirSync(device, { recursive: true });
  writeFileSync(path.join(device, 'vendor'), '0x10de\n');
  writeFileSync(path.join(device, 'class'), '0x030200\n');
  assert.match((await look()).text, /1 NVIDIA device on the PCI bus, but no driver/);
  mkdirSync(at('sys', 'proc/driver/nvidia'), { recursive: true });
  writeFileSync(
    at('sys', 'proc/driver/nvidia/version'),
    'NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  570.86.15  Release Build\nGCC version: 12\n',
  );
  script(
    'nvidia-smi',
    'echo "NVIDIA-SMI has failed because it could not communicate with the driver"; exit 9',
  );
  const { text } = await look();
  assert.match(text, /ok +kernel driver 570\.86\.15 is loaded/);
  assert.match(text, /no device can be used: nvidia-smi says: NVIDIA-SMI has failed.*\n.*--gpus all/);
});

test('an old driver and a device the packages are not built for are named', async () => {
  gpu('24576, 24000', '10.0', '470.57');
  const { text } = await look();
  assert.ok(missing(text).includes('driver 470.57 is older than CUDA 12 allows'));
  gpu('24576, 24000', '8.9', '570.86');
  assert.match((await look()).text, /- +driver 570\.86 runs no provider built for CUDA 13/);
  assert.match(text, /warning compute capability 10\.0 is not among those/);
});
