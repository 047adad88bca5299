import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parsePromptWeights } from './prompt-weights.ts';
import { applyStyle, canonicalStyle, styleAliases, styleNames } from './styles.ts';

test('there are the 104 published styles, the ten documented ones first and in their order', () => {
  assert.equal(styleNames.length, 104);
  assert.equal(new Set(styleNames).size, 104);
  assert.deepEqual(styleNames.slice(0, 10), [
    'base',
    '3d-model',
    'analog film',
    'anime',
    'cinematic',
    'comic book',
    'craft clay',
    'digital art',
    'enhance',
    'fantasy art',
  ]);
  // Where each family of the published list begins and ends.
  const places = {
    texture: 17,
    advertising: 18,
    retail: 25,
    abstract: 26,
    watercolor: 43,
    biomechanical: 44,
    vaporwave: 53,
    'bubble bobble': 54,
    zelda: 66,
    architectural: 67,
    zentangle: 87,
    collage: 88,
    'thick layered papercut': 96,
    alien: 97,
    'tilt-shift': 103,
  };
  for (const [name, place] of Object.entries(places)) assert.equal(styleNames[place], name);
});

test('the base style leaves both prompts as they are', () => {
  assert.deepEqual(applyStyle('base', 'a (red:1.2) fox', 'blurry'), {
    prompt: 'a (red:1.2) fox',
    negativePrompt: 'blurry',
  });
  assert.deepEqual(applyStyle('base', 'a fox', ''), { prompt: 'a fox', negativePrompt: '' });
});

for (const name of styleNames.filter((style) => style !== 'base')) {
  test(`style '${name}' surrounds the prompt with its own direction and rules things out`, () => {
    const subject = 'a (red fox:1.3) with {prompt} and $& and $1';
    const styled = applyStyle(name, subject, '');
    assert.equal(styled.prompt.split(subject).length, 2, 'the prompt stands in it once, untouched');
    const around = styled.prompt.replace(subject, () => '');
    assert.doesNotMatch(around + styled.negativePrompt, /[{}()[\]\\:]|\bBREAK\b/);
    assert.ok(around.split(/\s+/).length >= 15, around);
    assert.ok(styled.negativePrompt.split(', ').length >= 6, styled.negativePrompt);
    assert.equal(applyStyle(name, subject, 'fog').negativePrompt, `${styled.negativePrompt}, fog`);
    const [first] = parsePromptWeights(applyStyle(name, 'fox', '').prompt);
    assert.deepEqual(first, { text: applyStyle(name, 'fox', '').prompt, weight: 1 });
  });
}

test('no two styles give the same direction', () => {
  assert.equal(new Set(styleNames.map((name) => applyStyle(name, 'fox', '').prompt)).size, 104);
  assert.equal(new Set(styleNames.map((name) => applyStyle(name, 'fox', '').negativePrompt)).size, 104);
});

test('the spellings with a family in front are the same styles', () => {
  assert.equal(Object.keys(styleAliases).length, 104);
  assert.deepEqual(new Set(Object.values(styleAliases)), new Set(styleNames));
  assert.equal(canonicalStyle('ads-advertising'), 'advertising');
  assert.equal(canonicalStyle('sai-anime'), 'anime');
  assert.equal(canonicalStyle('sai-base'), 'base');
  assert.equal(canonicalStyle('photo-hdr'), 'hdr');
  assert.equal(canonicalStyle('papercraft-thick layered papercut'), 'thick layered papercut');
  assert.equal(canonicalStyle('futuristic'), 'futuristic');
});

test('a name that is neither a style nor an alias is none, also where objects have such a property', () => {
  for (const name of ['', 'Anime', 'ads-anime', 'constructor', 'toString', '__proto__', 'oil']) {
    assert.equal(canonicalStyle(name), undefined);
  }
});
