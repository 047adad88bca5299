import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, beforeEach, test } from 'node:test';
import AdmZip from 'adm-zip';
import {
  cudaLibrary,
  readCudaRecord,
  recordName,
  sharedLibrary,
} from '../../../src/networks/runtime/cuda/cuda-folder.ts';
import { type FileServerOptions, serveFiles } from '../download/testing/file-server.ts';
import { type CudaPackage, providerPlaces } from './cuda-packages.ts';
import { type InstallOptions, installPackages, isInstalled } from './install-packages.ts';
import { readProviderFiles } from './provider-files.ts';
import { type FakeLibrary, writeFakeLibrary } from './testing/fake-library.ts';

const root = mkdtempSync(path.join(tmpdir(), 'install-packages-'));
let folder = '';
let count = 0;
beforeEach(() => {
  folder = path.join(root, `libraries-${count++}`);
});
after(() => rmSync(root, { recursive: true }));

const version = '1.30.0';
const runtimeFolder = path.join(root, 'runtime');
mkdirSync(runtimeFolder);
writeFileSync(path.join(runtimeFolder, 'libonnxruntime.so.1'), 'the runtime');

function libraryOf(library: FakeLibrary): Buffer {
  return readFileSync(writeFakeLibrary(path.join(root, 'one.so'), library));
}

function archiveOf(files: Readonly<Record<string, Buffer>>): Buffer {
  const zip = new AdmZip();
  for (const [name, bytes] of Object.entries(files)) zip.addFile(name, bytes);
  return zip.toBuffer();
}

const noise = Buffer.from(Array.from({ length: 50_000 }, (_, index) => (index * index) % 251));
const cuda = libraryOf({ needed: ['libcublas.so.13'], tail: noise.toString('latin1') });
const shared = libraryOf({ soname: sharedLibrary });
const provider = archiveOf({
  [`onnxruntime/capi/${cudaLibrary}`]: cuda,
  [`onnxruntime/capi/${sharedLibrary}`]: shared,
  'onnxruntime/capi/libonnxruntime_providers_tensorrt.so': Buffer.from('unwanted'),
  '../../escaped.so': Buffer.from('unwanted'),
});
const cublas = archiveOf({
  'nvidia/cu13/lib/libcublas.so.13': libraryOf({ soname: 'libcublas.so.13', needed: ['libcublasLt.so.13'] }),
  'nvidia/cu13/lib/libcublasLt.so.13': libraryOf({ soname: 'libcublasLt.so.13' }),
});
const files = { '/provider.whl': provider, '/cublas.whl': cublas };
const hash = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex');

const providerOf = (url: string, sha256?: string): CudaPackage => ({
  ...providerPlaces,
  ...{ name: 'provider', url: `${url}/provider.whl`, sha256 },
});
const cublasOf = (url: string): CudaPackage => ({
  ...{ name: 'cublas', url: `${url}/cublas.whl`, sha256: hash(cublas), licence: 'EULA' },
  folders: ['nvidia/cu13/lib'],
  libraries: ['libcublas.so.13', 'libcublasLt.so.13'],
});

async function install(
  packagesOf: (url: string) => readonly CudaPackage[],
  served: Readonly<Record<string, Buffer>> = files,
  options: FileServerOptions & Partial<InstallOptions> = {},
) {
  const server = await serveFiles(served, options);
  try {
    const packages = packagesOf(server.url);
    const record = await installPackages({
      ...{ folder, version, runtimeFolder, packages, retryDelayMs: 1 },
      ...options,
    });
    return { record, packages, requests: server.requests };
  } finally {
    await server.close();
  }
}

const all = (url: string) => [providerOf(url, hash(provider)), cublasOf(url)];

test('all libraries, a link to the runtime and their record come into place over cut connections', async () => {
  const { record } = await install(all, files, { cutAfter: (answer) => (answer < 3 ? 200 : undefined) });
  const names = [cudaLibrary, sharedLibrary, 'libcublas.so.13', 'libcublasLt.so.13'];
  assert.deepEqual(readdirSync(folder).sort(), [...names, recordName, 'libonnxruntime.so.1'].sort());
  assert.ok(readFileSync(path.join(folder, cudaLibrary)).equals(cuda));
  assert.equal(statSync(path.join(folder, cudaLibrary)).mode & 0o777, 0o755);
  assert.equal(readFileSync(path.join(folder, 'libonnxruntime.so.1'), 'utf8'), 'the runtime');
  assert.equal(readlinkSync(path.join(folder, 'libonnxruntime.so.1')), '../runtime/libonnxruntime.so.1');
  assert.deepEqual(readCudaRecord(folder), record);
  assert.deepEqual((await readProviderFiles(folder, version)).record, record);
});

test('a library is opened behind those that it needs, whatever the order of the package', async () => {
  const { record } = await install(all);
  assert.deepEqual(record.order, ['libcublasLt.so.13', 'libcublas.so.13']);
});

test('what is there is known by its package and its sizes', async () => {
  const { packages } = await install(all);
  for (const each of packages) assert.equal(await isInstalled(folder, each), true);
  assert.equal(await isInstalled(folder, { ...packages[1]!, sha256: 'a'.repeat(64) }), false);
  writeFileSync(path.join(folder, 'libcublas.so.13'), 'cut');
  assert.deepEqual(await Promise.all(packages.map((each) => isInstalled(folder, each))), [true, false]);
});

test('an installation that failed half-way is not used, and what it has brought stays', async () => {
  await assert.rejects(
    install(all, files, { statusOf: (answer) => (answer === 1 ? 404 : undefined) }),
    /cublas\.whl: status 404/,
  );
  assert.ok(!readdirSync(folder).includes('libonnxruntime.so.1'));
  const { packages } = readCudaRecord(folder)!;
  assert.deepEqual(
    packages.map(({ name }) => name),
    ['provider'],
  );
  await install((url) => [cublasOf(url)]);
  assert.ok(readdirSync(folder).includes('libonnxruntime.so.1'));
  assert.deepEqual(
    readCudaRecord(folder)!.packages.map(({ name }) => name),
    ['provider', 'cublas'],
  );
});

test('a folder serves as a mirror, and is left as it is', async () => {
  const mirror = path.join(root, 'mirror');
  mkdirSync(mirror, { recursive: true });
  for (const [name, bytes] of Object.entries(files)) writeFileSync(path.join(mirror, name), bytes);
  const packages = all('https://unreachable.invalid');
  const record = await installPackages({ folder, version, runtimeFolder, packages, mirror });
  assert.equal(record.packages.length, 2);
  assert.deepEqual(readdirSync(mirror).sort(), ['cublas.whl', 'provider.whl']);
  writeFileSync(path.join(mirror, 'cublas.whl'), 'another');
  await assert.rejects(
    installPackages({ folder, version, runtimeFolder, packages, mirror }),
    /cublas\.whl: wrong SHA-256: expected .*, got /,
  );
});

test('an address serves as a mirror under the names that the packages have', async () => {
  const server = await serveFiles({ '/wheels/cublas.whl': cublas });
  const packages = [cublasOf('https://unreachable.invalid')];
  await installPackages({ folder, version, runtimeFolder, packages, mirror: `${server.url}/wheels/` });
  assert.deepEqual(
    server.requests.map(({ path: asked }) => asked),
    ['/wheels/cublas.whl'],
  );
  await server.close();
});

test('too little room is said before anything is fetched', async () => {
  const large = (url: string) => [{ ...cublasOf(url), bytes: 400, unpackedBytes: 600 }];
  await assert.rejects(
    install(large, files, { freeBytes: async () => 900 }),
    /1000 B are needed and 900 B are free/,
  );
  assert.deepEqual(readdirSync(folder), []);
});

const withCuda = (bytes: Buffer) =>
  archiveOf({ [`onnxruntime/capi/${cudaLibrary}`]: bytes, [`onnxruntime/capi/${sharedLibrary}`]: shared });

const lying = withCuda(cuda);
// The uncompressed size of the first entry: in its local header, and in the central directory.
const central = lying.indexOf(Buffer.from([0x50, 0x4b, 0x01, 0x02]));
for (const at of [22, central + 24]) lying.writeUInt32LE(100, at);

for (const [what, bytes, message] of [
  ['no zip', Buffer.from('<html>not found</html>'), /no usable package/],
  [
    'a zip of something else',
    archiveOf({ 'readme.txt': Buffer.from('x') }),
    /it has no libonnxruntime_providers_cuda\.so in runtimes\/linux-x64/,
  ],
  ['a zip with a damaged entry', damaged(withCuda(cuda)), /no usable package/],
  [
    'a zip whose library would unpack to far more than a library is',
    withCuda(Buffer.alloc(64 * 2 ** 20)),
    /no usable package: onnxruntime\/capi\/libonnxruntime_providers_cuda\.so would unpack from \d+ to 67108864 bytes/,
  ],
  ['a zip that declares a small library and holds a large one', lying, /no usable package/],
  ['a zip with a script under the name of a library', withCuda(noise), /is no library: .*not an ELF file/],
  [
    'a library for another machine',
    withCuda(libraryOf({ machine: 183 })),
    /libonnxruntime_providers_cuda\.so is for another machine \(ELF machine 183\)/,
  ],
  [
    'a library under the name of another',
    withCuda(libraryOf({ soname: 'libc.so.6' })),
    /libonnxruntime_providers_cuda\.so calls itself libc\.so\.6/,
  ],
] as const) {
  test(`${what} is refused and leaves nothing behind`, async () => {
    await assert.rejects(
      install((url) => [providerOf(url)], { '/provider.whl': bytes }),
      message,
    );
    assert.deepEqual(readdirSync(folder), []);
  });
}

test('a package with a wrong hash leaves what was installed as it was', async () => {
  await install(all);
  const before = readFileSync(path.join(folder, recordName), 'utf8');
  await assert.rejects(
    install((url) => [providerOf(url, 'c'.repeat(64))]),
    /wrong SHA-256: expected cccc/,
  );
  assert.equal(readFileSync(path.join(folder, recordName), 'utf8'), before);
  assert.ok(readFileSync(path.join(folder, cudaLibrary)).equals(cuda));
});

test('a provider that was replaced by hand is no longer what the record says', async () => {
  await install(all);
  writeFileSync(path.join(folder, cudaLibrary), 'another, of onnxruntime 1.30.0');
  const found = await readProviderFiles(folder, version);
  assert.equal(found.record, undefined);
  assert.equal(found.namesVersion, true);
  assert.equal((await readProviderFiles(folder, '1.29.0')).namesVersion, false);
});

test('a damaged record is an error that names it', async () => {
  await install(all);
  for (const text of ['{', '{}', '{"order":["../libc.so"]}']) {
    writeFileSync(path.join(folder, recordName), text);
    assert.throws(() => readCudaRecord(folder), /installed\.json: is damaged; remove/);
  }
});

/** A byte of the first entry's compressed data changed. */
function damaged(bytes: Buffer): Buffer {
  const copy = Buffer.from(bytes);
  copy[200]! ^= 0xff;
  return copy;
}
