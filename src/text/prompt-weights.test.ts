import assert from 'node:assert/strict';
import { test } from 'node:test';
import weights from './oracles/weights.json' with { type: 'json' };
import { type PromptPart, parsePromptWeights, promptBreak } from './prompt-weights.ts';

type Pair = [string, number];

/** A1111 writes a break as the word with weight -1. */
function asPairs(parts: readonly PromptPart[]): Pair[] {
  return parts.map((part) => (part === promptBreak ? ['BREAK', -1] : [part.text, part.weight]));
}

function pairsOf(prompt: string): Pair[] {
  return asPairs(parsePromptWeights(prompt));
}

// The cases of parse_prompt_attention's docstring.
const published: [string, Pair[]][] = [
  ['normal text', [['normal text', 1.0]]],
  [
    'an (important) word',
    [
      ['an ', 1.0],
      ['important', 1.1],
      [' word', 1.0],
    ],
  ],
  ['(unbalanced', [['unbalanced', 1.1]]],
  ['\\(literal\\]', [['(literal]', 1.0]]],
  ['(unnecessary)(parens)', [['unnecessaryparens', 1.1]]],
  [
    'a (((house:1.3)) [on] a (hill:0.5), sun, (((sky))).',
    [
      ['a ', 1.0],
      ['house', 1.5730000000000004],
      [' ', 1.1],
      ['on', 1.0],
      [' a ', 1.1],
      ['hill', 0.55],
      [', sun, ', 1.1],
      ['sky', 1.4641000000000006],
      ['.', 1.1],
    ],
  ],
];

for (const [prompt, expected] of published) {
  test(`A1111's published case: ${prompt}`, () => {
    assert.deepEqual(pairsOf(prompt), expected);
  });
}

test(`${weights.cases.length} nested strings parse to the last bit as A1111's own code parses them`, () => {
  assert.ok(weights.cases.length >= 200);
  for (const { prompt, parts } of weights.cases) {
    assert.deepEqual(pairsOf(prompt), parts, JSON.stringify(prompt));
  }
});

test('the weights of the published example prompt multiply through both brackets', () => {
  assert.deepEqual(pairsOf('((cinematic photo:1.3)) of panda, ((low light:1.4))'), [
    ['cinematic photo', 1.3 * 1.1],
    [' of panda, ', 1],
    ['low light', 1.4 * 1.1],
  ]);
});

test('BREAK inside brackets is a break, where A1111 would encode the word with a negative weight', () => {
  assert.deepEqual(parsePromptWeights('(a BREAK b:1.2) c'), [
    { text: 'a', weight: 1.2 },
    promptBreak,
    { text: 'b', weight: 1.2 },
    { text: ' c', weight: 1 },
  ]);
  assert.deepEqual(parsePromptWeights('[x BREAK y]').indexOf(promptBreak), 1);
});

test('a break is no neighbour: runs of equal weight on both sides stay apart', () => {
  assert.deepEqual(parsePromptWeights('(a BREAK b:0)'), [
    { text: 'a', weight: 0 },
    promptBreak,
    { text: 'b', weight: 0 },
  ]);
});

test('a weight that is no number is text inside ordinary brackets, where A1111 raises an exception', () => {
  assert.deepEqual(pairsOf('(a:1.2.3)'), [['a:1.2.3', 1.1]]);
  assert.deepEqual(pairsOf('(a:.) b'), [
    ['a:.', 1.1],
    [' b', 1],
  ]);
  assert.deepEqual(pairsOf('(a:+.)'), [['a:+.', 1.1]]);
});

test('scheduling, alternation, AND and embedding syntax are text under the bracket rules', () => {
  assert.deepEqual(pairsOf('[a:b:0.5]'), [['a:b:0.5', 1 / 1.1]]);
  assert.deepEqual(pairsOf('[a|b] AND c'), [
    ['a|b', 1 / 1.1],
    [' AND c', 1],
  ]);
  assert.deepEqual(pairsOf('<lora:x:0.8> embedding:y'), [['<lora:x:0.8> embedding:y', 1]]);
});

test('brackets beyond the 64th around the same text add nothing, so no weight overflows', () => {
  let expected = 1;
  for (let depth = 0; depth < 64; depth++) expected *= 1.1;
  assert.deepEqual(pairsOf(`${'('.repeat(1000)}a${')'.repeat(1000)}b`), [
    ['a', expected],
    ['b', 1],
  ]);
  assert.deepEqual(pairsOf(`${'('.repeat(64)}a`), [['a', expected]]);
  assert.deepEqual(pairsOf(`${'('.repeat(100_000)}`), [['', 1]]);
});

test('any string parses, and its unescaped text comes out again', () => {
  let state = 12345;
  const next = (limit: number) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state % limit;
  };
  for (let round = 0; round < 500; round++) {
    const length = next(60);
    const prompt = Array.from({ length }, () =>
      String.fromCharCode(next(4) === 0 ? next(65536) : 32 + next(96)),
    );
    const parts = parsePromptWeights(prompt.join(''));
    assert.ok(parts.length > 0);
    const letters = (text: string) => text.replace(/[^a-zA-Z]|BREAK/g, '');
    assert.equal(
      letters(parts.map((part) => (part === promptBreak ? '' : part.text)).join('')),
      letters(prompt.join('')),
    );
  }
});
