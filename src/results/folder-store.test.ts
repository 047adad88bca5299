import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import { folderStore } from './folder-store.ts';
import { proveStore } from './open-results.ts';
import { StoreError } from './result-store.ts';

const root = mkdtempSync(path.join(tmpdir(), 'folder-store-'));
after(() => rmSync(root, { recursive: true }));
let folders = 0;
function emptyFolder(): string {
  const folder = path.join(root, String(folders++));
  mkdirSync(folder);
  return folder;
}

const id = '0f8fad5b-d9cb-469f-a165-70867728950e';
const picture = `${id}/${'a'.repeat(32)}-0.jpg`;
const fileOf = (folder: string) => path.join(folder, picture.replace('/', '_'));
const put = (folder: string, bytes: Buffer, name = picture) =>
  folderStore(folder).put(name, bytes, 'image/jpeg');

test('what was put is given back until it is deleted, and others of this machine cannot read it', async () => {
  const folder = emptyFolder();
  const store = folderStore(folder);
  assert.equal(await store.get(picture), undefined);
  await put(folder, Buffer.from('picture'));
  assert.equal(String(await store.get(picture)), 'picture');
  assert.equal(statSync(fileOf(folder)).mode & 0o007, 0);
  assert.deepEqual(readdirSync(folder), [path.basename(fileOf(folder))]);
  await store.delete(picture);
  await store.delete(picture);
  assert.equal(await store.get(picture), undefined);
});

test('a path that leads elsewhere is refused before the disk is asked', async () => {
  const store = folderStore(emptyFolder());
  const wrong = [
    '../x',
    'a/../b',
    '/etc/passwd',
    'a//b',
    'a/',
    '',
    '.',
    '..',
    '.hidden',
    'a\0b',
    'a\\b',
    'ä',
    'a b',
  ];
  for (const name of wrong) {
    await assert.rejects(store.get(name), /is no path of a result/, name);
    await assert.rejects(store.put(name, Buffer.from('x'), ''), /is no path of a result/, name);
    await assert.rejects(store.delete(name), /is no path of a result/, name);
  }
});

test('a link in the folder is neither read nor written through', async () => {
  const folder = emptyFolder();
  const target = path.join(root, 'target');
  writeFileSync(target, 'secret');
  symlinkSync(target, fileOf(folder));
  symlinkSync(target, `${fileOf(folder)}.part`);
  assert.equal(await folderStore(folder).get(picture), undefined);
  await assert.rejects(put(folder, Buffer.from('overwritten')), StoreError);
  await put(folder, Buffer.from('picture'));
  assert.equal(String(await folderStore(folder).get(picture)), 'picture');
  assert.equal(readFileSync(target, 'utf8'), 'secret');
});

test('a process that is killed while it writes leaves no half of a picture under its name', {
  timeout: 30_000,
}, async () => {
  const folder = emptyFolder();
  const size = 8_000_000;
  const program = path.join(import.meta.dirname, 'testing/put-for-ever.ts');
  for (let kill = 0; kill < 4; kill++) {
    const child = spawn(process.execPath, [program, folder, id, String(size)]);
    await once(child.stdout, 'data');
    child.stdout.resume();
    setTimeout(() => child.kill('SIGKILL'), 3 + 9 * kill);
    await once(child, 'exit');
  }
  const names = readdirSync(folder).filter((name) => !name.endsWith('.part'));
  assert.ok(names.length > 0);
  for (const name of names) assert.equal(statSync(path.join(folder, name)).size, size, name);
});

test('a folder that takes nothing is told as trouble of the store, which names it', async () => {
  const gone = path.join(root, 'gone');
  await assert.rejects(put(gone, Buffer.from('x')), (error) => {
    assert.ok(error instanceof StoreError);
    assert.equal(error.message, `${gone} cannot be written (ENOENT)`);
    return true;
  });
  await assert.rejects(proveStore(folderStore(gone)), {
    message: `RESULTS=dir: ${gone} cannot be written (ENOENT)`,
  });
  const folder = emptyFolder();
  await proveStore(folderStore(folder));
  assert.deepEqual(readdirSync(folder), []);
});

test('the folder lists its own files with their age, unfinished ones by their picture, and nothing else', async () => {
  const folder = emptyFolder();
  await put(folder, Buffer.from('picture'));
  const second = `${id}/${'c'.repeat(32)}-1.png`;
  writeFileSync(path.join(folder, `${second.replace('/', '_')}.part`), 'half');
  utimesSync(fileOf(folder), new Date(), new Date(Date.now() - 7_200_000));
  mkdirSync(path.join(folder, 'lost+found'));
  writeFileSync(path.join(folder, 'notes.txt'), 'of somebody else');
  const listed = await Array.fromAsync(folderStore(folder).list!());
  assert.deepEqual(listed.map(({ path }) => path).sort(), [picture, second]);
  const age = listed.find(({ path }) => path === picture)!.ageMs;
  assert.ok(age > 7_190_000 && age < 7_300_000, `${age} ms`);
});
