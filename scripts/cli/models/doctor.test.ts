import assert from 'node:assert/strict';
import {
  chmodSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { beforeEach, test } from 'node:test';
import { writeTinyCheckpoints } from '../../../src/checkpoints/synthetic/tiny-checkpoint.ts';
import type { MemoryLimit } from '../../../src/installation/memory/memory-plans.ts';
import { cudaLibrary, recordName, sharedLibrary } from '../../../src/networks/runtime/cuda/cuda-folder.ts';
import { after, before } from '../../../src/testing/hooks.ts';
import { type FakeLibrary, writeFakeLibrary } from '../cuda/testing/fake-library.ts';
import { diagnose } from './doctor.ts';

const root = mkdtempSync(path.join(tmpdir(), 'doctor-'));
const modelsDir = path.join(root, 'models');
let machine = '';
let count = 0;
before(() => writeTinyCheckpoints(modelsDir));
beforeEach(() => {
  machine = path.join(root, String(count++));
  for (const folder of ['bin', 'binding', 'cuda', 'sys'])
    mkdirSync(path.join(machine, folder), { recursive: true });
  script('ldconfig', 'printf "0 libs\\n"');
});
after(() => rmSync(root, { recursive: true }));

const at = (...names: string[]) => path.join(machine, ...names);

function script(name: string, body: string): void {
  writeFileSync(at('bin', name), `#!/bin/sh\n${body}\n`);
  chmodSync(at('bin', name), 0o755);
}

const needed = ['libcublasLt.so.12', 'libcublas.so.12', 'libcudart.so.12', 'libcudnn.so.9'];
const cudnnParts = ['graph', 'ops', 'cnn', 'heuristic', 'engines_precompiled', 'engines_runtime_compiled'];

function installProvider(options: FakeLibrary = {}): void {
  writeFakeLibrary(at('binding', cudaLibrary), {
    needed,
    runpath: '$ORIGIN',
    tail: 'onnxruntime 1.30.0',
    ...options,
  });
  writeFakeLibrary(at('binding', sharedLibrary));
}

function installCuda(cudnn = '9.12.0'): void {
  for (const soname of needed.slice(0, 3)) writeFakeLibrary(at('cuda', soname), { soname });
  writeFakeLibrary(at('cuda', `libcudnn.so.${cudnn}`), { soname: 'libcudnn.so.9' });
  symlinkSync(`libcudnn.so.${cudnn}`, at('cuda', 'libcudnn.so.9'));
  for (const part of cudnnParts) writeFakeLibrary(at('cuda', `libcudnn_${part}.so.9`));
}

const gpu = (memory: string, capability = '9.0', driver = '570.86.15') =>
  script('nvidia-smi', `echo "0, NVIDIA H200, ${driver}, ${memory}, ${capability}"`);

const look = (
  own: { modelsDir?: string; libraryPath?: string; residentModels?: number; limit?: MemoryLimit } = {},
) =>
  diagnose({
    modelsDir: own.modelsDir,
    settings: {
      ...{ vaePrecision: 'float16', deterministic: false, vaeTiling: 'auto', batch: 1 },
      residentModels: own.residentModels ?? 2,
      deviceMemoryLimit: own.limit,
    },
    environment: { PATH: at('bin'), LD_LIBRARY_PATH: own.libraryPath ?? at('cuda') },
    folder: at('binding'),
    version: '1.30.0',
    root: at('sys'),
  });

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

test('too little and too little free device memory are told apart', async () => {
  gpu('1024, 1000');
  assert.match((await look({ modelsDir })).text, /warning cuda:0 has 1\.00 GiB.*: too little for them/);
  gpu('24576, 1000');
  assert.match(
    (await look({ modelsDir })).text,
    /warning cuda:0 has 24\.0 GiB, of which 1000 MiB are free: other processes/,
  );
});

test('only as many of the largest models count as stay loaded at once', async () => {
  const need = async (residentModels: number) => {
    const { text } = await look({ modelsDir, residentModels });
    return /the models need ([^:]+):.*\((.*), what they share once\)/.exec(text)?.slice(1);
  };
  const [all, one] = [await need(2), await need(1)];
  assert.notEqual(all?.[1], one?.[1]);
  assert.ok(all?.[1]?.includes(one![1]!), `${one} is one of ${all}`);
});

test('a limit lowers what a device is planned for, and one that is too low is told', async () => {
  gpu('24576, 24000');
  const limited = async (limit: MemoryLimit) => (await look({ modelsDir, limit })).text;
  assert.match(
    await limited({ share: 0.5 }),
    /ok +cuda:0 has 24\.0 GiB, .* 12\.0 GiB allowed: plan resident/,
  );
  assert.match(await limited({ bytes: 1e9 }), /warning cuda:0 .* 954 MiB allowed: too little for them/);
});

test('for every size of card the plan is told that SDXL fits in, and for 6 GB that none does', async () => {
  const { cards, text } = await look();
  const plans = cards.map(({ cardGiB, base, baseAndRefiner }) => [cardGiB, base?.plan, baseAndRefiner?.plan]);
  assert.deepEqual(plans, [
    [6, undefined, undefined],
    [8, 'tiled-vae', 'tiled-vae'],
    [10, 'text-on-cpu', 'text-on-cpu'],
    [12, 'resident', 'exchanged'],
    ...[16, 24, 32, 48, 80].map((size) => [size, 'resident', 'resident']),
  ]);
  assert.match(text, / 6 GB +too little; DEVICE=cpu/);
  assert.match(text, /12 GB +resident, 10\.\d GB +exchanged, 10\.\d GB/);
});

test('docs/operate.md sizes cards as doctor does', async () => {
  const { text } = await look();
  const told = [...text.matchAll(/^ +(\d+ GB) +(\S.*?) {2,}(\S.*)$/gm)].map((cells) => cells.slice(1));
  const page = readFileSync(path.resolve(import.meta.dirname, '../../../docs/operate.md'), 'utf8');
  const written = [...page.matchAll(/^\| (\d+ GB[^|]*) \| (.*) \| (.*) \|$/gm)].flatMap(
    ([, cards, ...plans]) =>
      cards!.split(', ').map((card) => [card, ...plans.map((plan) => plan!.replaceAll('`', ''))]),
  );
  assert.equal(told.length, 9);
  assert.deepEqual(written, told);
});

test('a model that cannot be opened is named', async () => {
  const broken = at('models');
  cpSync(modelsDir, broken, { recursive: true });
  rmSync(path.join(broken, 'tiny-base', 'vae', 'config.json'));
  assert.match((await look({ modelsDir: broken })).text, /warning .*vae.config\.json: missing/);
});
