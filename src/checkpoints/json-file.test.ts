import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import { parseJsonObject, readJsonObject } from './json-file.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'json-file-'));
after(() => rmSync(folder, { recursive: true }));

test('a byte order mark before the JSON of a file is no part of it', async () => {
  const file = path.join(folder, 'bom.json');
  writeFileSync(file, '\uFEFF{"kind":"base"}');
  assert.deepEqual(await readJsonObject(file), { kind: 'base' });
});

test("the numbers that Python's json module writes and JSON does not have are read", async () => {
  const file = path.join(folder, 'python.json');
  writeFileSync(file, '{"lambda_min_clipped": -Infinity, "a": [Infinity, NaN], "s": "NaN \\"Infinity"}');
  assert.deepEqual(await readJsonObject(file), {
    lambda_min_clipped: Number.NEGATIVE_INFINITY,
    a: [Number.POSITIVE_INFINITY, null],
    s: 'NaN "Infinity',
  });
  writeFileSync(file, '{"a": NaN, "b');
  await assert.rejects(readJsonObject(file), /python\.json: not valid JSON/);
});

test('keys are told from values that look like them, whatever they are made of', () => {
  const text = '{"a":"a\\":","b":["a","a",{"a":"\\\\"}],"a\\"" : {"a":1},"{":"}"}';
  assert.deepEqual(parseJsonObject(text, 'x'), JSON.parse(text));
  assert.throws(() => parseJsonObject('{"a":{"b":1,"b" \n:2}}', 'x'), /x: the key "b" occurs twice/);
  assert.throws(() => parseJsonObject('{"a":1,"\\u0061":2}', 'x'), /the key "a" occurs twice/);
});

test('a pipe, a folder, a missing and an oversized file are refused by name', async () => {
  const pipe = path.join(folder, 'config.json');
  execFileSync('mkfifo', [pipe]);
  await assert.rejects(readJsonObject(pipe), /config\.json: not a regular file/);
  await assert.rejects(readJsonObject(folder), /not a regular file/);
  await assert.rejects(readJsonObject(path.join(folder, 'absent.json')), /absent\.json: missing/);
  const large = path.join(folder, 'large.json');
  writeFileSync(large, Buffer.alloc(32 * 2 ** 20 + 1, ' '));
  await assert.rejects(readJsonObject(large), /large\.json: 33554433 bytes, the limit is 33554432/);
});
