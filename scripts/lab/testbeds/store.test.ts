import assert from 'node:assert/strict';
import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import { showProgress } from '../progress.ts';
import { keyOf, openStore } from './store.ts';

const directory = mkdtempSync(path.join(tmpdir(), 'lab-store-'));
after(() => rmSync(directory, { recursive: true, force: true }));

test('what was put is there when the store is opened again', () => {
  const key = keyOf({ entry: 'sdxl-torch/Euler', steps: 10 });
  const folder = path.join(directory, 'again');
  openStore(folder).put(
    key,
    { calls: 10 },
    { latents: Float32Array.of(1, -2.5), picture: Buffer.from('webp') },
  );
  const store = openStore(folder);
  assert.deepEqual(store.get(key), { calls: 10 });
  assert.deepEqual(store.latents(key), Float32Array.of(1, -2.5));
  assert.equal(store.picture(key).toString(), 'webp');
  assert.equal(store.get(keyOf({ entry: 'sdxl-torch/Euler', steps: 11 })), undefined);
});

test('a line that was cut off by a crash is dropped, and what comes after it is kept', () => {
  const folder = path.join(directory, 'torn');
  openStore(folder).put('a', 1);
  appendFileSync(path.join(folder, 'journal.jsonl'), '["b", {"calls": 1');
  const store = openStore(folder);
  assert.deepEqual([store.get('a'), store.get('b')], [1, undefined]);
  store.put('c', 3);
  assert.equal(openStore(folder).get('c'), 3);
  assert.equal(readFileSync(path.join(folder, 'journal.jsonl'), 'utf8'), '["a",1]\n["c",3]\n');
});

test('a journal that is none, and a folder that cannot be, are named', () => {
  const folder = path.join(directory, 'wrong');
  openStore(folder);
  writeFileSync(path.join(folder, 'journal.jsonl'), '["a",1]\nhello\n');
  assert.throws(() => openStore(folder), /journal\.jsonl: line 2 is not of a lab's journal/);
  assert.throws(
    () => openStore(path.join(folder, 'journal.jsonl', 'below')),
    /--out: .*journal\.jsonl.below cannot be written/,
  );
});

test('the progress line tells the pace of what is computed now, not of what was stored', () => {
  const lines: string[] = [];
  let now = 0;
  const progress = showProgress('mixture', 4, 400, { write: (text: string) => lines.push(text) }, () => now);
  progress.done('stored', 200, true);
  now = 60_000;
  progress.done('first', 100, false);
  now = 120_000;
  progress.done('last', 100, false);
  assert.match(lines[0]!, /█{18}░{6} {2}2\/4 {2}60 s left {2}first/);
  progress.done('end', 0, false);
  assert.match(lines.at(-1)!, /4\/4 {2}end/);
});
