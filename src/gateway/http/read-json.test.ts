import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ApiError } from '../../contract/errors.ts';
import { assertModestJson, assertModestValue } from './read-json.ts';

const modest = (text: string) => assertModestJson(Buffer.from(text));
const refused = (text: string, message: RegExp) =>
  assert.throws(
    () => modest(text),
    (error: unknown) => error instanceof ApiError && error.status === 400 && message.test(error.message),
  );

test('64 levels of arrays and objects pass, 65 are refused however they are nested', () => {
  modest(`${'['.repeat(64)}${']'.repeat(64)}`);
  modest(`${'{"a":['.repeat(32)}1${']}'.repeat(32)}`);
  modest(`[${'[],'.repeat(200)}[]]`);
  for (const opening of ['['.repeat(65), '{"a":'.repeat(65), '[{"a":'.repeat(33), '['.repeat(1_000_000)])
    refused(opening, /^The request body is nested more than 64 levels deep$/);
});

test('10,000 values pass, more are refused, in arrays and in objects', () => {
  modest(`[${'0,'.repeat(9998)}0]`);
  refused(`[${'0,'.repeat(10_001)}0]`, /^The request body holds more than 10000 values$/);
  refused(`{${'"a":0,'.repeat(10_001)}"a":0}`, /holds more than 10000 values/);
  refused(`[${'{},'.repeat(10_001)}{}]`, /holds more than 10000 values/);
});

test('what stands in strings is neither depth nor values, whatever is escaped there', () => {
  const brackets = '[{,'.repeat(100_000);
  modest(`{"prompt": "${brackets}"}`);
  modest(String.raw`{"prompt": "a \" ${brackets}", "b": "\\", "c": "\\\" ${brackets}"}`);
  modest(`{"prompt": "${brackets}`);
  modest(`"${'\\"'.repeat(2_000_000)}`);
  refused(`"\\\\"${'['.repeat(65)}`, /65|64 levels/);
});

test('a value that was parsed elsewhere is held to the same bounds', () => {
  const nested = (levels: number): unknown => (levels === 0 ? 1 : { a: [nested(levels - 1)] });
  assert.doesNotThrow(() => assertModestValue(nested(32)));
  assert.throws(() => assertModestValue(nested(33)), /more than 64 levels/);
  assert.throws(() => assertModestValue(Array(10_001).fill(0)), /more than 10000 values/);
  for (const plain of [undefined, null, 'text', 1]) assert.doesNotThrow(() => assertModestValue(plain));
});
