import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { linearPattern } from './linear-pattern.ts';
import { PatternError } from './pattern-syntax.ts';

test('every construct finds what JavaScript finds', () => {
  const sources = [
    ...[
      'abc',
      'a.c',
      'a|bc|',
      '(ab|c)d',
      '(?:a|b)*c',
      'a+b?',
      'a{2}',
      'a{1,3}b',
      'a{2,}c',
      'a*?b',
      '^a',
      'c$',
    ],
    ...[
      '\\bab\\b',
      'a\\Bb',
      '[abc]d',
      '[^ab]c',
      '[a-c]{2}',
      '\\d+',
      '\\w\\s\\w',
      '[\\d-]b',
      '[\\]a]b',
      'a\\.b',
      '(a|b|ab)(c|bcd)(d*)',
    ],
    ...['(a*)*b', '((a|b)+c){2}', 'x{0}a', '', '\\W\\S\\D'],
  ];
  const text = fc.string({ unit: fc.constantFrom(...'abcdABC x1.-]_\n'), maxLength: 12 });
  for (const source of sources) {
    const [ours, theirs] = [linearPattern(source), new RegExp(source, 'iu')];
    fc.assert(
      fc.property(text, (each) => ours(each) === theirs.test(each)),
      { numRuns: 300 },
    );
  }
});

test('letters of any script have cases and boundaries', () => {
  assert.ok(linearPattern('\\bГОЛ\\b')('забили гол!'));
  assert.ok(!linearPattern('\\bгол\\b')('голос'));
});

test('what would take a backtracking engine for ever is answered', () => {
  const text = `${'a'.repeat(20_000)}!`;
  for (const source of ['(a+)+$', '(a|aa)+$', '(.*a){20}b', '(a*)*b'])
    assert.equal(linearPattern(source)(text), false, source);
});

for (const [source, message] of [
  ['(?=a)', /look-around .* at character 2/],
  ['(a)\\1', /"\\1", which is not supported, at character 5/],
  ['(ab', /a group without its "\)"/],
  ['ab)', /a "\)" without its group/],
  ['[ab', /a class without its "\]"/],
  ['*a', /nothing before "\*" to repeat at character 1/],
  ['a{3,2}', /the wrong way round/],
  ['a{1000}', /more than 100 times/],
  ['((a{100}){100}){100}', /too large/],
  ['[b-a]', /a range that runs backwards/],
  ['a\\', /a backslash without a character/],
] as const)
  test(`/${source}/ is refused`, () => {
    assert.throws(() => linearPattern(source), { name: PatternError.name, message });
  });
