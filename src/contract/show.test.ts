import assert from 'node:assert/strict';
import { test } from 'node:test';
import { show } from './show.ts';

test('short values are shown as JSON has them', () => {
  for (const value of ['a "b"', 7, -0.5, true, null, [], {}, [1, [2, 'x']], { a: { b: [null] }, c: '' }])
    assert.equal(show(value), JSON.stringify(value));
});

test('what JSON has no word for is shown as JavaScript writes it', () => {
  assert.equal(show(Number.POSITIVE_INFINITY), 'Infinity');
  assert.equal(show(Number.NaN), 'NaN');
  assert.equal(show(undefined), 'undefined');
  assert.equal(show(12n), '12n');
});

test('long text is cut and its length told', () => {
  assert.equal(show('x'.repeat(40_000)), `"${'x'.repeat(76)}... (40002 characters)`);
});

test('half a surrogate pair is shown as its escape', () => {
  assert.equal(show('\ud800'), '"\\ud800"');
});

test('a hundred thousand levels, values and fields and a value inside itself are shown in brief', () => {
  let deep: unknown = 1;
  for (let level = 0; level < 100_000; level++) deep = [deep];
  let nested: unknown = 1;
  for (let level = 0; level < 100_000; level++) nested = { a: nested };
  const circle: unknown[] = [];
  circle.push(circle);
  const wide = Array.from({ length: 100_000 }, () => 0);
  const fields = Object.fromEntries(wide.map((_, index) => [`field ${index}`, index]));
  assert.equal(show(deep), `${'['.repeat(77)}... (array of 1)`);
  assert.match(show(nested), /^(?:\{"a":){15}\{"\.\.\.$/);
  assert.match(show(circle), /^\[{77}\.\.\. \(array of 1\)$/);
  assert.match(show(wide), /^\[(?:0,)+0?\.\.\. \(array of 100000\)$/);
  assert.match(show(fields), /^\{"field 0":0,"field 1":1,.*\.\.\.$/);
  assert.match(show({ ['n'.repeat(100_000)]: 'v'.repeat(100_000) }), /^\{"n{75}\.\.\.$/);
});
