import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import { makeFolder, requireFile, requireFolder, requireWritable } from './usable-path.ts';

const home = mkdtempSync(path.join(os.tmpdir(), 'usable-path-'));
after(() => rmSync(home, { recursive: true }));
const at = (name: string): string => path.join(home, name);
writeFileSync(at('file'), 'text');
execFileSync('mkfifo', [at('fifo')]);
symlinkSync(at('circle'), at('circle'));

for (const [what, check, place, reason] of [
  ['a folder that is missing', requireFolder, at('none'), /there is no such folder/],
  ['a file instead of a folder', requireFolder, at('file'), /is a file, not a folder/],
  ['a folder below a file', requireFolder, at('file/x'), /a part of the path is a file/],
  ['a circle of links', requireFolder, at('circle'), /circle/],
  ['a file that is missing', requireFile, at('none'), /there is no such file/],
  ['a folder instead of a file', requireFile, home, /is a folder, not a file/],
  ['a FIFO, which would never end', requireFile, at('fifo'), /is no ordinary file/],
  ['a folder to make that is a file', makeFolder, '/etc/passwd', /is a file, not a folder/],
  ['a folder to make below a file', makeFolder, at('file/x/y'), /a part of the path is a file/],
  ['a folder to make in /proc', makeFolder, '/proc/x', /cannot be made/],
  ['a folder to make deep in /proc', makeFolder, '/proc/x/y/z', /cannot be made/],
  ['a folder in which nothing can be made', makeFolder, '/proc/self', /cannot be written/],
  ['an output in a missing folder', requireWritable, at('none/a.jpg'), /there is no folder .*none/],
  ['an output that is a folder', requireWritable, home, /is a folder, not a file/],
  ['an output below a file', requireWritable, at('file/a.jpg'), /a part of the path is a file|is a file/],
  ['an output in /proc', requireWritable, '/proc/a.jpg', /cannot be written/],
] as const)
  test(`${what} is named with its setting and the reason`, { timeout: 10_000 }, () => {
    assert.throws(
      () => check('THE_SETTING', place),
      (error: Error) => {
        assert.ok(error.message.startsWith(`THE_SETTING=${JSON.stringify(place)}: `), error.message);
        assert.match(error.message, reason);
        return true;
      },
    );
  });

test('what can be used is taken and left as it was', () => {
  makeFolder('DATA_DIR', at('a/b/c'), 0o700);
  assert.equal(statSync(at('a/b')).mode & 0o777, 0o700);
  makeFolder('DATA_DIR', at('a/b/c'));
  requireFolder('MODELS_DIR', at('a/b/c'));
  requireFile('CONTENT_DENY_LIST', at('file'));
  requireWritable('--out', at('a/new.jpg'));
  requireWritable('--out', at('file'));
  requireWritable('--out', '/dev/null');
  assert.deepEqual(readdirSync(at('a')), ['b']);
  assert.equal(statSync(at('file')).size, 4);
});
