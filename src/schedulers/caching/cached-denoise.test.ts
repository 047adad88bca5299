import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createNoiseSource } from '../../numerics/noise-source.ts';
import { noiseTable } from '../noise-levels/noise-table.ts';
import { composedScheduler, findSampler, type SamplerName, samplerNames } from '../samplers.ts';
import type { Denoise, Schedule } from '../scheduler.ts';
import { partial } from '../schedules/run-parts.ts';
import { type CacheChoice, cacheChoice, takesCache } from './cache-kinds.ts';
import { type CachedPart, cachedDenoise, type Evaluations } from './cached-denoise.ts';

const model = noiseTable({ beta_schedule: 'scaled_linear', beta_start: 0.00085, beta_end: 0.012 });
const length = 64;
const target = createNoiseSource({ rng: 'philox', seed: 5, length }).normal();
const slope = createNoiseSource({ rng: 'philox', seed: 6, length }).normal();

interface Outcome extends Evaluations {
  readonly latents: Float32Array;
}

/** A run of a sampler from the same latents as ever, with a cache or without. */
async function run(
  name: string,
  denoise: Denoise,
  choice?: CacheChoice,
  part: (whole: Schedule) => Partial<CachedPart> = () => ({}),
): Promise<Outcome> {
  const scheduler = composedScheduler(name)!;
  const whole = scheduler.schedule(model, 30);
  const counts: Evaluations = { computed: 0, forecast: 0 };
  const given = { schedule: whole, ...part(whole) };
  const asked = choice ? cachedDenoise(denoise, { choice, ...given }, counts) : denoise;
  const noise = createNoiseSource({ rng: 'philox', seed: 1, length });
  const { sigma } = given.schedule.levels[given.schedule.begin]!;
  let latents: Float32Array = noise.normal().map((value) => value * sigma);
  for await (const step of scheduler.solver(asked, latents, given.schedule, noise)) latents = step;
  return { latents, ...counts };
}

function largestDifference(one: Float32Array, other: Float32Array): number {
  return one.reduce((most, value, i) => Math.max(most, Math.abs(value - other[i]!)), 0);
}

/** Clean latents behind noise that is given by log sigma. */
const ofNoise =
  (noiseAt: (logSigma: number, i: number) => number): Denoise =>
  async (latents, { sigma }) =>
    latents.map((value, i) => value - sigma * noiseAt(Math.log(sigma), i));

/** No course that anything forecasts: a network of its own curvature. */
const curved: Denoise = async (latents, { sigma }) =>
  latents.map((value, i) => Math.tanh(value / (1 + sigma)) + target[i]! / (1 + sigma * sigma));

const cacheable = samplerNames.filter((name) => takesCache(findSampler(name)));
const usual = (name: SamplerName) => `${name} ${findSampler(name).schedule}`;
const withApart = (denoise: Denoise): Denoise =>
  Object.assign((...given: Parameters<Denoise>) => denoise(...given), {
    apart: async (...given: Parameters<Denoise>) => {
      const unguided = await denoise(...given);
      return { unguided, guided: unguided.map((value, i) => value + 0.1 * slope[i]!) };
    },
  });
const denoiserFor = (name: SamplerName, denoise: Denoise) =>
  findSampler(name).guidanceApart ? withApart(denoise) : denoise;

test('a cache that forecasts nothing changes no bit, with every sampler that takes one', async () => {
  for (const name of cacheable) {
    const denoise = denoiserFor(name, curved);
    const plain = await run(usual(name), denoise);
    for (const choice of [cacheChoice('ucache', { threshold: 0 }), cacheChoice('spectrum', { window: 1 })]) {
      const { latents, forecast } = await run(usual(name), denoise, choice);
      assert.equal(forecast, 0, `${name} ${choice.name}`);
      assert.deepEqual(latents, plain.latents, `${name} ${choice.name}`);
    }
  }
});

test('one clean picture behind everything is forecast exactly by spectrum', async () => {
  const constant: Denoise = async () => target;
  for (const name of cacheable.filter((each) => findSampler(each).noise === 'none')) {
    const { latents, computed, forecast } = await run(
      usual(name),
      denoiserFor(name, constant),
      cacheChoice('spectrum'),
    );
    const plain = await run(usual(name), denoiserFor(name, constant));
    assert.ok(forecast >= 10 && computed >= 10, `${name}: ${computed} and ${forecast}`);
    assert.ok(largestDifference(latents, plain.latents) < 1e-4, name);
  }
});

test('noise that is linear in log sigma is forecast exactly, whatever the ridge and the share of the line', async () => {
  const linear = ofNoise((logSigma, i) => target[i]! + 0.2 * slope[i]! * logSigma);
  const plain = await run('unipc karras', linear);
  for (const parameters of [{}, { w: 0 }, { w: 1, lam: 50, m: 6 }, { window: 4, flex: 0.5 }]) {
    const { latents, forecast } = await run('unipc karras', linear, cacheChoice('spectrum', parameters));
    assert.ok(forecast >= 12);
    assert.ok(largestDifference(latents, plain.latents) < 1e-4, JSON.stringify(parameters));
  }
});

test('the polynomial alone, unhindered, forecasts noise of its own degree exactly', async () => {
  const cubic = ofNoise((x, i) => target[i]! * (1 - x) + slope[i]! * (0.1 * x ** 3 - 0.3 * x ** 2));
  const plain = await run('euler karras', cubic);
  const errors = [];
  for (const m of [2, 3]) {
    const choice = cacheChoice('spectrum', { w: 1, lam: 0, m });
    const { latents } = await run('euler karras', cubic, choice);
    errors.push(largestDifference(latents, plain.latents));
  }
  assert.ok(errors[0]! > 1e-3 && errors[1]! < 1e-4, String(errors));
});

test('ucache is exact where output and input differ by a constant, and reuses the more the higher its threshold', async () => {
  const shifted: Denoise = async (latents, { sigma }) =>
    latents.map((value, i) => value - sigma * (value / Math.sqrt(1 + sigma * sigma) + 0.3 * target[i]!));
  const plain = await run('euler karras', shifted);
  const counts = [];
  for (const threshold of [0.1, 1, 10]) {
    const { latents, computed, forecast } = await run(
      'euler karras',
      shifted,
      cacheChoice('ucache', { threshold }),
    );
    assert.equal(computed + forecast, 30);
    assert.ok(largestDifference(latents, plain.latents) < 1e-4);
    counts.push(computed);
  }
  assert.deepEqual(
    counts,
    counts.toSorted((a, b) => b - a),
  );
  assert.ok(counts[0]! > counts[2]!);
});

test('start and end of ucache, warmup and stop of spectrum keep their ends of the run computed', async () => {
  const asked: number[] = [];
  const heard: Denoise = (latents, level) => {
    asked.push(level.sigma);
    return curved(latents, level);
  };
  const { levels } = composedScheduler('euler karras')!.schedule(model, 30);
  const computedSteps = async (choice: CacheChoice) => {
    asked.length = 0;
    await run('euler karras', heard, choice);
    return levels.slice(0, 30).flatMap(({ sigma }, step) => (asked.includes(sigma) ? [step] : []));
  };
  const ucache = await computedSteps(cacheChoice('ucache', { threshold: 100, start: 0.3, end: 0.8 }));
  // Two in the range teach it how fast the output moves, one more how fast for its input.
  assert.deepEqual(ucache, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 24, 25, 26, 27, 28, 29]);
  const spectrum = await computedSteps(cacheChoice('spectrum', { warmup: 5, stop: 0.8 }));
  assert.deepEqual(spectrum, [0, 1, 2, 3, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 25, 26, 27, 28, 29]);
});

test('nothing is forecast across a change of the denoiser', async () => {
  const other = target.map((value) => -3 * value);
  const switched =
    (at: number): Denoise =>
    async (_, { sigma }) =>
      sigma > at ? target : other;
  const { levels } = composedScheduler('euler karras')!.schedule(model, 30);
  const at = levels[11]!.sigma;
  const plain = await run('euler karras', switched(at));
  const told = () => ({ changes: [at] });
  const { latents, forecast } = await run('euler karras', switched(at), cacheChoice('spectrum'), told);
  assert.ok(forecast >= 10);
  assert.ok(largestDifference(latents, plain.latents) < 1e-4);
});

test('fractions are of the whole run where a part of it is solved, as from a picture', async () => {
  const part = (whole: Schedule) => ({ schedule: partial(whole, 30, 0.3) });
  const { computed, forecast } = await run('unipc karras', curved, cacheChoice('spectrum'), part);
  // The last 9 steps: 4 to warm up, then every second until the last 3 of the run.
  assert.deepEqual([computed, forecast], [8, 1]);
  const late = cacheChoice('ucache', { threshold: 100, start: 0, end: 0.7 });
  assert.equal((await run('unipc karras', curved, late, part)).forecast, 0);
});

test('every combination at every step count ends in numbers', async () => {
  for (const name of cacheable)
    for (const steps of [1, 2, 3, 4, 5, 7, 12, 100]) {
      const schedule = composedScheduler(usual(name))!.schedule(model, steps);
      for (const choice of [
        cacheChoice('ucache', { threshold: 100, start: 0, end: 1 }),
        cacheChoice('spectrum', { warmup: 2, stop: 1, lam: 0, m: 8, w: 1 }),
      ]) {
        const { latents } = await run(usual(name), denoiserFor(name, curved), choice, () => ({ schedule }));
        assert.ok(latents.every(Number.isFinite), `${name} ${steps} ${choice.name}`);
      }
    }
});
