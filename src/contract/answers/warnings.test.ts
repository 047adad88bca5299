import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { GenerationRequest, GenerationResult } from '../generation.ts';
import { warningsBody, warningsHeader, warningsOf, withWarnings } from './warnings.ts';

const recordOf = (asked: readonly string[], made?: readonly string[]) => ({
  request: withWarnings({} as GenerationRequest, asked),
  ...(made && { result: withWarnings({} as GenerationResult, made) }),
});

test('what the gateway and the worker say is told once each, the gateway first', () => {
  assert.deepEqual(warningsOf(recordOf(['a', 'b', 'a'], ['b', 'c'])), ['a', 'b', 'c']);
  assert.deepEqual(warningsOf(recordOf(['a'])), ['a']);
});

test('where there is nothing to say neither field nor header is there', () => {
  assert.deepEqual(warningsBody(recordOf([], [])), {});
  assert.deepEqual(warningsHeader(recordOf([])), {});
  assert.equal('warnings' in recordOf([]).request, false);
});

test('the header is JSON in printable ASCII that reads back as it was', () => {
  const said = ['prompt: has never seen "Кот", "🐈" or\n"naïve"', 'size: \u007f'];
  const { 'x-warnings': header } = warningsHeader(recordOf(said)) as { 'x-warnings': string };
  assert.match(header, /^[\x20-\x7e]+$/);
  assert.deepEqual(JSON.parse(header), said);
});

test('a header stays under 2 kB and says how many sentences it leaves out', () => {
  const said = Array.from({ length: 40 }, (_, index) => `field_${index}: ${'x'.repeat(100)}`);
  const { 'x-warnings': header } = warningsHeader(recordOf(said)) as { 'x-warnings': string };
  const told = JSON.parse(header) as string[];
  assert.ok(header.length <= 2048 && header.length > 1800, `${header.length}`);
  assert.deepEqual(told.slice(0, -1), said.slice(0, told.length - 1));
  assert.equal(told.at(-1), `${said.length - told.length + 1} more in the JSON answer`);
  const { 'x-warnings': endless } = warningsHeader(recordOf(['y'.repeat(5000)])) as { 'x-warnings': string };
  assert.deepEqual(JSON.parse(endless), ['1 more in the JSON answer']);
});
