import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseImageToImage, parseTextToImage } from './bodies.ts';

const prompt = 'a panda';
const defaults = { drawSeed: () => 1, rng: 'philox' as const };
const text = (body: object) => parseTextToImage({ prompt, ...body }, defaults);
const picture = (body: object) =>
  parseImageToImage({ prompt, image: 'https://example.com/a.png', ...body }, defaults);

test('a solver takes the options it has, under published names as under its own', () => {
  for (const parse of [text, picture]) {
    assert.deepEqual(parse({ scheduler: 'Euler a', eta: 0.5 }).solverOptions, { eta: 0.5 });
    assert.deepEqual(parse({ scheduler: 'DDIM', eta: 1, s_noise: 1.01 }).solverOptions, {
      eta: 1,
      sNoise: 1.01,
    });
    assert.deepEqual(
      parse({ sampler: 'heun', s_churn: '20', s_tmin: 0.05, s_tmax: 50, s_noise: 1.003 }).solverOptions,
      { sChurn: 20, sTmin: 0.05, sTmax: 50, sNoise: 1.003 },
    );
    assert.deepEqual(parse({ sampler: 'tcd', eta: 0.3 }).solverOptions, { eta: 0.3 });
    assert.equal(parse({}).solverOptions, undefined);
  }
});

test('an option that the solver has not is refused by field, scheduler and value', () => {
  for (const [body, message] of [
    [{ eta: 0.5 }, /^eta means nothing to "UniPC", got 0\.5; samplers that have it: euler_ancestral, /],
    [
      { sampler: 'dpmpp_2m', s_churn: 5 },
      /^s_churn means nothing to "dpmpp_2m karras", got 5; .*: euler, heun, dpm_2$/,
    ],
    [{ sampler: 'lms', s_noise: 1 }, /^s_noise means nothing to "lms normal", got 1; /],
    [{ sampler: 'lcm', eta: 0 }, /^eta means nothing to "lcm lcm", got 0; /],
    [{ scheduler: 'Euler a', s_tmin: 1 }, /^s_tmin means nothing to "Euler a", got 1; /],
  ] as const)
    for (const parse of [text, picture])
      assert.throws(() => parse(body), { code: 'invalidParameter', status: 400, message });
});

test('guidance is rescaled and limited by fractions, without effect at their ends', () => {
  for (const parse of [text, picture]) {
    const { guidanceRescale, guidanceStart, guidanceEnd } = parse({
      ...{ guidance_rescale: 0.7, guidance_start: 0.1, guidance_end: '0.8' },
    });
    assert.deepEqual([guidanceRescale, guidanceStart, guidanceEnd], [0.7, 0.1, 0.8]);
    assert.deepEqual(parse({ guidance_rescale: 0, guidance_start: 0, guidance_end: 1 }), parse({}));
    assert.throws(
      () => parse({ guidance_start: 0.8, guidance_end: 0.8 }),
      /guidance_start must be less than/,
    );
    assert.throws(
      () => parse({ guidance_rescale: 1.5 }),
      /guidance_rescale must be a number from 0 to 1, got 1\.5/,
    );
  }
});
