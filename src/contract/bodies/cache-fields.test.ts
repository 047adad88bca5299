import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cacheChoice } from '../../schedulers/caching/cache-kinds.ts';
import { samplerNames } from '../../schedulers/samplers.ts';
import { parseImageToImage, parseTextToImage } from './bodies.ts';

const prompt = 'a panda';
const defaults = { drawSeed: () => 1, rng: 'philox' as const };
const text = (body: object) => parseTextToImage({ prompt, ...body }, defaults);
const picture = (body: object) =>
  parseImageToImage({ prompt, image: 'https://example.com/a.png', ...body }, defaults);

test('a cache is a name, or a name with some of its parameters, as an object or as JSON', () => {
  for (const parse of [text, picture]) {
    assert.equal(parse({}).stepCache, undefined);
    assert.equal(parse({ cache: null }).stepCache, undefined);
    // The usual values of stable-diffusion.cpp's docs/caching.md.
    assert.deepEqual(parse({ cache: 'ucache' }).stepCache, {
      ...{ name: 'ucache', threshold: 1, start: 0.15, end: 0.95, decay: 1, relative: true, reset: true },
    });
    const given = { name: 'spectrum', w: 0.5, window: 3 };
    assert.deepEqual(parse({ cache: given }).stepCache, cacheChoice('spectrum', { w: 0.5, window: 3 }));
    assert.deepEqual(parse({ cache: JSON.stringify(given) }), parse({ cache: given }));
  }
});

test('a wrong name or parameter is refused by its name, value and what there is', () => {
  for (const [cache, message] of [
    ['teacache', /^cache\.name must be one of: ucache, spectrum, got "teacache"$/],
    [{ name: 'easycache' }, /^cache\.name must be one of: ucache, spectrum, got "easycache"$/],
    [{ threshold: 1 }, /^cache\.name is mandatory$/],
    [{ name: 'ucache', threshold: -1 }, /^cache\.threshold must be a number from 0 to 100, got -1$/],
    [{ name: 'spectrum', m: 2.5 }, /^cache\.m must be an integer from 1 to 8, got 2\.5$/],
    [{ name: 'ucache', reset: 'perhaps' }, /^cache\.reset must be true or false, got "perhaps"$/],
    [
      { name: 'ucache', w: 0.4 },
      /^cache\.w means nothing to ucache, got 0\.4; it takes: threshold, start, end, decay, relative, reset$/,
    ],
    [{ name: 'spectrum', wamup: 4 }, /^cache\.wamup means nothing to spectrum, got 4; it takes: w, m, /],
    [
      { name: 'ucache', start: 0.6, end: 0.6 },
      /^cache\.start must be less than cache\.end, got 0\.6 and 0\.6$/,
    ],
    [7, /^cache must be an object with name, threshold, .*, got 7$/],
    ['{"name":', /^cache must be an object with name, .*, got "\{\\"name\\":"$/],
  ] as const)
    for (const parse of [text, picture])
      assert.throws(() => parse({ cache }), { code: 'invalidParameter', status: 400, message });
});

test('a scheduler or sampler whose evaluations stand alone refuses a cache and says why', () => {
  for (const [body, message] of [
    [{ scheduler: 'Heun', cache: 'ucache' }, /^cache means nothing to "Heun", got "ucache": it asks/],
    [
      { sampler: 'heun', cache: 'ucache' },
      /^cache means nothing to "heun normal", got "ucache": it asks the network several times in a step; /,
    ],
    [{ sampler: 'lcm', cache: 'spectrum' }, /each of its steps begins from new noise; samplers that take/],
    [
      { sampler: 'dpm_adaptive', cache: 'spectrum' },
      /it measures its own error by what the network predicts/,
    ],
    [{ sampler: 'restart', cache: 'spectrum' }, /it goes back to higher noise levels; samplers.*: euler, /],
  ] as const)
    for (const parse of [text, picture])
      assert.throws(() => parse(body), {
        code: 'invalidParameter',
        status: 400,
        message,
      });
  const refusing = samplerNames.filter((sampler) => {
    try {
      return text({ sampler, cache: 'spectrum' }).stepCache === undefined;
    } catch {
      return true;
    }
  });
  assert.deepEqual(refusing, [
    ...['heun', 'dpm_2', 'dpm_2_ancestral', 'dpm_fast', 'dpm_adaptive', 'dpmpp_2s_ancestral', 'dpmpp_sde'],
    ...['restart', 'lcm', 'tcd'],
  ]);
});
