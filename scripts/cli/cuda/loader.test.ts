import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, beforeEach, test } from 'node:test';
import { shippedFolder } from '../../../src/networks/runtime/runtime.ts';
import { readElf } from './elf.ts';
import { neededLibraries, readLoaderPath } from './loader.ts';
import { writeFakeLibrary } from './testing/fake-library.ts';

const root = mkdtempSync(path.join(tmpdir(), 'loader-'));
let folder = '';
let count = 0;
beforeEach(() => {
  folder = path.join(root, String(count++));
  mkdirSync(folder);
});
after(() => rmSync(root, { recursive: true }));

const at = (...names: string[]) => path.join(folder, ...names);
const nowhere = { libraryPath: [], cache: new Map() };

test('the dynamic section of the ONNX Runtime that is installed is read', async () => {
  const library = await readElf(path.join(shippedFolder, 'libonnxruntime.so.1'));
  assert.equal(library.soname, 'libonnxruntime.so.1');
  assert.ok(library.needed.includes('libc.so.6'));
  assert.deepEqual(library.runpath, ['$ORIGIN']);
});

test('a written library is read back', async () => {
  const file = writeFakeLibrary(at('a.so'), {
    soname: 'a.so',
    needed: ['b.so.1', 'c.so'],
    runpath: '$ORIGIN:/opt/x',
    machine: 183,
  });
  assert.deepEqual(await readElf(file), {
    machine: 183,
    soname: 'a.so',
    needed: ['b.so.1', 'c.so'],
    runpath: ['$ORIGIN', '/opt/x'],
    rpath: [],
  });
});

test('what is no whole library is refused by name and reason', async () => {
  const file = writeFakeLibrary(at('a.so'), { needed: ['b.so'] });
  const whole = await import('node:fs').then(({ readFileSync }) => readFileSync(file));
  writeFileSync(at('cut.so'), whole.subarray(0, 150));
  writeFileSync(at('text.so'), 'version https://git-lfs.github.com/spec/v1\n'.repeat(3));
  writeFileSync(at('empty.so'), '');
  await assert.rejects(readElf(at('cut.so')), /cut\.so: truncated: 150 bytes/);
  await assert.rejects(readElf(at('text.so')), /text\.so: not an ELF file/);
  await assert.rejects(readElf(at('empty.so')), /empty\.so: 0 bytes are too few/);
});

test('every cut and every changed byte of a library is read or refused, never anything else', async () => {
  const whole = (await import('node:fs')).readFileSync(
    writeFakeLibrary(at('a.so'), { needed: ['b.so'], runpath: '$ORIGIN' }),
  );
  for (let position = 0; position < whole.length; position++) {
    const damaged = Buffer.from(whole);
    damaged[position]! ^= 0xff;
    for (const bytes of [damaged, whole.subarray(0, position)]) {
      writeFileSync(at('damaged.so'), bytes);
      await readElf(at('damaged.so')).catch((error: Error) => assert.match(error.message, /damaged\.so: /));
    }
  }
});

test('libraries are found beside, in LD_LIBRARY_PATH, through the cache, and missing ones are named with who needs them', async () => {
  const file = writeFakeLibrary(at('main.so'), {
    needed: ['beside.so', 'path.so', 'cache.so', 'gone.so'],
    runpath: '$ORIGIN',
  });
  writeFakeLibrary(at('beside.so'), { needed: ['deep.so'] });
  writeFakeLibrary(at('path', 'path.so'));
  writeFakeLibrary(at('sys', 'cache.so'), { needed: ['main.so', 'loaded.so'] });
  const loaderPath = { libraryPath: [at('path')], cache: new Map([['cache.so', [at('sys', 'cache.so')]]]) };
  const needed = await neededLibraries(file, loaderPath, ['loaded.so', 'main.so']);
  assert.deepEqual(
    needed.map(({ soname, file: place, neededBy }) => [soname, place, neededBy]),
    [
      ['beside.so', at('beside.so'), 'main.so'],
      ['path.so', at('path', 'path.so'), 'main.so'],
      ['cache.so', at('sys', 'cache.so'), 'main.so'],
      ['gone.so', undefined, 'main.so'],
      ['deep.so', undefined, 'beside.so'],
    ],
  );
});

test('a library of another machine is passed over, a broken one is reported', async () => {
  const file = writeFakeLibrary(at('main.so'), { needed: ['arm.so', 'broken.so'], rpath: `\${ORIGIN}/x` });
  writeFakeLibrary(at('x', 'arm.so'), { machine: 183 });
  writeFileSync(at('x', 'broken.so'), '');
  const [arm, broken] = await neededLibraries(file, nowhere);
  assert.equal(arm!.file, undefined);
  assert.equal(broken!.file, at('x', 'broken.so'));
  assert.match(broken!.problem!, /0 bytes are too few/);
});

test('LD_LIBRARY_PATH and the listing of ldconfig are read', () => {
  mkdirSync(at('bin'));
  writeFileSync(
    at('bin', 'ldconfig'),
    '#!/bin/sh\nprintf "2 libs found in cache\\n\\tliba.so.1 (libc6,x86-64) => /x/liba.so.1\\n\\tliba.so.1 (libc6) => /y z/liba.so.1\\n"\n',
  );
  chmodSync(at('bin', 'ldconfig'), 0o755);
  const { libraryPath, cache } = readLoaderPath({
    PATH: `${at('bin')}:${process.env.PATH}`,
    LD_LIBRARY_PATH: '/a::/b',
  });
  assert.deepEqual(libraryPath, ['/a', '/b']);
  assert.deepEqual([...cache], [['liba.so.1', ['/x/liba.so.1', '/y z/liba.so.1']]]);
});
