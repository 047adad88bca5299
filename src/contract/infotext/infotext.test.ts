import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseInfotext, writeInfotext } from './infotext.ts';

const read = (text: string) => {
  const { prompt, negativePrompt, fields } = parseInfotext(text);
  return [prompt, negativePrompt, Object.fromEntries(fields)];
};

test('the example of A1111 reads as A1111 reads it', () => {
  // The docstring of parse_generation_parameters, modules/infotext_utils.py, commit 0365002.
  const text =
    "girl with an artist's beret, determined, blue eyes, desert scene, computer monitors, heavy makeup, by Alphonse Mucha and Charlie Bowater, ((eyeshadow)), (coquettish), detailed, intricate\n" +
    'Negative prompt: ugly, fat, obese, chubby, (((deformed))), [blurry], bad anatomy, disfigured, poorly drawn face, mutation, mutated, (extra_limb), (ugly), (poorly drawn hands), messy drawing\n' +
    'Steps: 20, Sampler: Euler a, CFG scale: 7, Seed: 965400086, Size: 512x512, Model hash: 45dee52b';
  const [prompt, negativePrompt, fields] = read(text);
  assert.match(String(prompt), /^girl with an artist's beret, .* intricate$/);
  assert.match(String(negativePrompt), /^ugly, fat, .* messy drawing$/);
  assert.deepEqual(fields, {
    ...{ Steps: '20', Sampler: 'Euler a', 'CFG scale': '7', Seed: '965400086', Size: '512x512' },
    'Model hash': '45dee52b',
  });
});

/** Expected: what re_param.findall and the lines around it give in Python 3.11 (same commit). */
const cases: readonly (readonly [why: string, text: string, expected: unknown])[] = [
  ['too few fields are prompt', 'a panda\nSteps: 20, Seed: 1', ['a panda\nSteps: 20, Seed: 1', '', {}]],
  [
    'a text of fields alone',
    'Steps: 1, Seed: 2, Size: 8x8',
    ['', '', { Steps: '1', Seed: '2', Size: '8x8' }],
  ],
  ['nothing', '', ['', '', {}]],
  [
    'several lines, blank ones inside kept and before left out',
    '\n a \n\n b\nNegative prompt:\n\nc\n d\nSteps: 1, Seed: 2, Sampler: x',
    ['a\n\nb', 'c\nd', { Steps: '1', Seed: '2', Sampler: 'x' }],
  ],
  [
    'quoted values with commas, colons and escapes',
    'p\nSteps: 1, Lora hashes: "a: 1, b: 2", Note: "say \\"hi\\"\\nthere", Version: v1.9',
    ['p', '', { Steps: '1', 'Lora hashes': 'a: 1, b: 2', Note: 'say "hi"\nthere', Version: 'v1.9' }],
  ],
  [
    'a quote that does not close ends at the comma',
    'p\nAa: "x, Bb: y, Cc: "z" w, Dd: 1',
    ['p', '', { Aa: '"x', Bb: 'y', Cc: '"z" w', Dd: '1' }],
  ],
  [
    'values without a word, keys of one letter, colons inside values',
    'p\nAa:, B: 2, Time: 10:30, Cc: 1, Dd: 2',
    ['p', '', { Time: '10:30', Cc: '1', Dd: '2' }],
  ],
  [
    'keys with blanks, hyphens, slashes and letters of any alphabet',
    'p\nSeed resize from: 1x2, A-b/c: d, \u540d\u524d: e',
    ['p', '', { 'Seed resize from': '1x2', 'A-b/c': 'd', '\u540d\u524d': 'e' }],
  ],
  [
    'a second negative prompt goes on with the first',
    'a\nNegative prompt: b\nNegative prompt: c\nAa: 1, Bb: 2, Cc: 3',
    ['a', 'b\nc', { Aa: '1', Bb: '2', Cc: '3' }],
  ],
  [
    'a prompt among the fields wins',
    'a\nAa: 1, Prompt: "b, c", Negative prompt: "d: e", Cc: 3',
    ['b, c', 'd: e', { Aa: '1', Cc: '3' }],
  ],
  [
    'wildcards and weights',
    '__colour__ {a|b} (c:1.2) <lora:x:0.8>\nAa: 1, Bb: 2, Cc: 3',
    ['__colour__ {a|b} (c:1.2) <lora:x:0.8>', '', { Aa: '1', Bb: '2', Cc: '3' }],
  ],
];
for (const [why, text, expected] of cases) test(`read: ${why}`, () => assert.deepEqual(read(text), expected));

const fields = new Map([
  ['Steps', '20'],
  ['Model', 'a: b, "c"'],
  ['Note', 'two\nlines'],
  ['Size', '512x768'],
]);
for (const [prompt, negativePrompt] of [
  ['a panda', ''],
  ['a panda', 'low quality'],
  ['', ''],
  ['', 'low quality'],
  [' two \n\n lines \n', '\nthree\n\nmore\n'],
  ['a\nNegative prompt: not one', ''],
  ['a\nNegative prompt: not one', 'one'],
  ['a', 'b\nNegative prompt: still'],
  ['Steps: 1, Seed: 2, Size: 3x3', 'Steps: 1, Seed: 2, Size: 3x3'],
  ['"quoted", and: more', '\\ back "slash'],
] as const)
  test(`written and read again: ${JSON.stringify([prompt, negativePrompt])}`, () => {
    const text = writeInfotext({ prompt, negativePrompt, fields });
    const again = parseInfotext(text);
    const tidy = (words: string) => words.trim().replace(/[ \t]*\n[ \t]*/g, '\n');
    assert.deepEqual([tidy(again.prompt), tidy(again.negativePrompt)], [tidy(prompt), tidy(negativePrompt)]);
    assert.deepEqual(again.fields, fields);
  });

test('a long line without fields is read in a moment', () => {
  const started = performance.now();
  for (const unit of ['a ', 'aa: "x\\", ', '"\\', ': ', '  ', 'a:"'])
    parseInfotext(unit.repeat(Math.ceil(100_000 / unit.length)));
  // Trying each place anew would take minutes.
  assert.ok(performance.now() - started < 20_000);
});
