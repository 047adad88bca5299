import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { loadLibrary } from './library.ts';

// In this order: the library is loaded once.

test('a folder without the library is refused by the file that is missing', () => {
  assert.throws(() => loadLibrary('/nowhere'), /nowhere.(lib)?onnxruntime/);
});

test('the library is loaded once, and stays the one that it is', () => {
  const library = loadLibrary();
  assert.equal(loadLibrary('/nowhere'), library);
});

test('the library keeps no name of this machine, and reports its use to nobody', (t) => {
  // Where its telemetry is on, it makes $HOME/.cache/Microsoft/DeveloperTools/.onnxruntime at once.
  const home = mkdtempSync(path.join(tmpdir(), 'home-'));
  t.after(() => rmSync(home, { recursive: true }));
  const file = path.join(import.meta.dirname, 'library.ts');
  const { ORT_DISABLE_TELEMETRY: _, ...environment } = process.env;
  const { status, stderr } = spawnSync(
    process.execPath,
    ['--input-type=module', '--eval', `(await import(${JSON.stringify(file)})).loadLibrary()`],
    { env: { ...environment, HOME: home, XDG_CACHE_HOME: path.join(home, 'cache') }, encoding: 'utf8' },
  );
  assert.deepEqual([status, stderr, readdirSync(home)], [0, '', []]);
});
