import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, beforeEach, test } from 'node:test';
import AdmZip from 'adm-zip';
import { type FileServerOptions, serveFiles } from '../download/testing/file-server.ts';
import { installProvider, packageUrl } from './install-provider.ts';
import { cudaLibrary, readProviderFiles, recordName, sharedLibrary } from './provider-files.ts';

const root = mkdtempSync(path.join(tmpdir(), 'install-provider-'));
let folder = '';
beforeEach(() => {
  folder = mkdtempSync(path.join(root, 'binding-'));
});
after(() => rmSync(root, { recursive: true }));

const version = '1.30.0';
const cuda = Buffer.from(Array.from({ length: 50_000 }, (_, index) => (index * index) % 251));

function archiveOf(files: Readonly<Record<string, Buffer>>): Buffer {
  const zip = new AdmZip();
  for (const [name, bytes] of Object.entries(files)) zip.addFile(name, bytes);
  return zip.toBuffer();
}

const archive = archiveOf({
  [`runtimes/linux-x64/native/${cudaLibrary}`]: cuda,
  [`runtimes/linux-x64/native/${sharedLibrary}`]: Buffer.from('shared'),
  'runtimes/linux-x64/native/libonnxruntime_providers_tensorrt.so': Buffer.from('unwanted'),
});
const hash = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex');

async function install(bytes: Buffer, sha256: string | undefined, options: FileServerOptions = {}) {
  const server = await serveFiles({ '/a.nupkg': bytes }, options);
  try {
    return await installProvider({ folder, version, url: `${server.url}/a.nupkg`, sha256, retryDelayMs: 1 });
  } finally {
    await server.close();
  }
}

test('the package of the very release is asked for', () => {
  assert.equal(
    packageUrl('1.30.0'),
    'https://api.nuget.org/v3-flatcontainer/microsoft.ml.onnxruntime.gpu.linux/1.30.0/microsoft.ml.onnxruntime.gpu.linux.1.30.0.nupkg',
  );
});

test('a wheel of onnxruntime-gpu has the same libraries in another place', async () => {
  const wheel = archiveOf({
    [`onnxruntime/capi/${cudaLibrary}`]: cuda,
    [`onnxruntime/capi/${sharedLibrary}`]: Buffer.from('shared'),
    'onnxruntime/__init__.py': Buffer.from('unwanted'),
  });
  await install(wheel, hash(wheel));
  assert.ok(readFileSync(path.join(folder, cudaLibrary)).equals(cuda));
  assert.deepEqual(readdirSync(folder).sort(), [recordName, cudaLibrary, sharedLibrary].sort());
});

test('both libraries and their record come into place over cut connections, and the archive goes', async () => {
  const record = await install(archive, hash(archive), {
    cutAfter: (answer) => (answer < 3 ? 200 : undefined),
  });
  assert.ok(readFileSync(path.join(folder, cudaLibrary)).equals(cuda));
  assert.deepEqual(readdirSync(folder).sort(), [recordName, cudaLibrary, sharedLibrary].sort());
  assert.equal(statSync(path.join(folder, cudaLibrary)).mode & 0o777, 0o755);
  assert.deepEqual((await readProviderFiles(folder, version)).record, record);
  assert.deepEqual(record.bytes, { [cudaLibrary]: cuda.length, [sharedLibrary]: 6 });
});

test('a package whose library would unpack to far more than a library is refused, and nothing is left', async () => {
  const bomb = archiveOf({
    [`runtimes/linux-x64/native/${cudaLibrary}`]: Buffer.alloc(64 * 2 ** 20),
    [`runtimes/linux-x64/native/${sharedLibrary}`]: Buffer.from('shared'),
  });
  assert.ok(bomb.length < 2 ** 20);
  await assert.rejects(
    install(bomb, hash(bomb)),
    /no usable package: runtimes\/linux-x64\/native\/libonnxruntime_providers_cuda\.so would unpack from \d+ to 67108864 bytes/,
  );
  assert.deepEqual(readdirSync(folder), []);
});

test('a package that declares a small library and holds a large one is refused', async () => {
  const lying = Buffer.from(archive);
  // The uncompressed size of the first entry: in its local header, and in the central directory.
  const central = lying.indexOf(Buffer.from([0x50, 0x4b, 0x01, 0x02]));
  for (const at of [22, central + 24]) lying.writeUInt32LE(100, at);
  await assert.rejects(install(lying, hash(lying)), /no usable package/);
  assert.deepEqual(readdirSync(folder), []);
});

test('a library that was replaced afterwards is no longer what the record says', async () => {
  await install(archive, undefined);
  writeFileSync(path.join(folder, cudaLibrary), 'another, of onnxruntime 1.30.0');
  const files = await readProviderFiles(folder, version);
  assert.equal(files.record, undefined);
  assert.equal(files.namesVersion, true);
  assert.equal((await readProviderFiles(folder, '1.29.0')).namesVersion, false);
});

test('a package with a wrong hash leaves what was installed as it was', async () => {
  writeFileSync(path.join(folder, cudaLibrary), 'old');
  await assert.rejects(install(archive, 'c'.repeat(64)), /wrong SHA-256: expected cccc/);
  assert.deepEqual(readdirSync(folder), [cudaLibrary]);
  assert.equal(readFileSync(path.join(folder, cudaLibrary), 'utf8'), 'old');
});

for (const [what, bytes, message] of [
  ['no zip', Buffer.from('<html>not found</html>'), /no usable package/],
  [
    'a zip of something else',
    archiveOf({ 'readme.txt': Buffer.from('x') }),
    /it has no libonnxruntime_providers_cuda\.so in runtimes\/linux-x64/,
  ],
  ['a zip with a damaged entry', damaged(archive), /no usable package/],
] as const) {
  test(`${what} is refused and leaves nothing behind`, async () => {
    await assert.rejects(install(bytes, undefined), message);
    assert.deepEqual(readdirSync(folder), []);
  });
}

/** A byte of the first entry's compressed data changed. */
function damaged(bytes: Buffer): Buffer {
  const copy = Buffer.from(bytes);
  copy[200]! ^= 0xff;
  return copy;
}
