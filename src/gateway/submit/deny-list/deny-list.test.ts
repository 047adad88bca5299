import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DenyListError, parseDenyList } from './deny-list.ts';

const denies = parseDenyList('# a comment\n\nforbidden\r\nred  Panda\n/gr[ae]y (cat|dog)s?\\b/\n');

test('a term is found as whole words in any case and spelling of its letters', () => {
  assert.ok(denies('a FORBIDDEN fruit'));
  assert.ok(denies('a ((forbidden:1.4)) fruit'));
  assert.ok(denies('ｆｏｒｂｉｄｄｅｎ'));
  assert.ok(!denies('forbiddenness'));
});

test('a term of several words is found whatever stands between them, in their order', () => {
  assert.ok(denies('one red-panda'));
  assert.ok(denies('(red:1) panda') === false);
  assert.ok(denies('red,\n PANDA'));
  assert.ok(!denies('panda red'));
  assert.ok(!denies('red'));
});

test('a line between slashes is a regular expression', () => {
  assert.ok(denies('two Grey Cats'));
  assert.ok(denies('gray dog'));
  assert.ok(!denies('gray dogma'));
  assert.ok(!denies('green cat'));
});

test('an empty list denies nothing', () => {
  assert.ok(!parseDenyList('')('anything'));
});

for (const [content, message] of [
  ['fine\n/(a/', /^line 2: \/\(a\/: a group without/],
  ['/a*/', /^line 1: \/a\*\/: it is found in every text/],
  ['...', /^line 1: \.\.\. holds no letter/],
] as const)
  test(`the list ${JSON.stringify(content)} is refused with its line`, () => {
    assert.throws(() => parseDenyList(content), { name: DenyListError.name, message });
  });
