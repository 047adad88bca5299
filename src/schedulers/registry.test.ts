import assert from 'node:assert/strict';
import { test } from 'node:test';
import { noiseTable } from './noise-levels/noise-table.ts';
import { findScheduler, schedulerNames } from './registry.ts';
import type { Schedule } from './scheduler.ts';
import { handOff, partial } from './schedules/run-parts.ts';

const sdxl = noiseTable({
  beta_start: 0.00085,
  beta_end: 0.012,
  beta_schedule: 'scaled_linear',
  timestep_spacing: 'leading',
  steps_offset: 1,
  set_alpha_to_one: false,
});
const stepsOf = ({ begin, end }: Schedule) => end - begin;

test('an unknown name is refused with the names that are known, each endpoint having its own', () => {
  assert.throws(
    () => findScheduler('sdxl-torch', 'Restart'),
    /scheduler "Restart" is unknown to sdxl-torch; it knows DDIM, DPM Multi, .*, UniPC$/,
  );
  assert.equal(findScheduler('sdxl-img2img', 'Restart').name, 'Restart');
  assert.throws(() => findScheduler('sdxl-torch', 'toString'), /unknown/);
  assert.throws(() => findScheduler('sdxl-torch', 'euler'), /unknown/);
});

test('the text-to-image names are the twelve of the published list', () => {
  assert.deepEqual(schedulerNames('sdxl-torch').toSorted(), [
    'DDIM',
    'DDPM',
    'DPM Multi',
    'DPM Single',
    'DPM2 Karras',
    'DPM2 a Karras',
    'Euler',
    'Euler a',
    'Heun',
    'LMS',
    'PNDM',
    'UniPC',
  ]);
});

/** Network calls of a whole run of N steps; N where a name is not listed. */
const documentedCalls: Readonly<Record<string, (steps: number) => number | undefined>> = {
  'sdxl-torch Heun': (steps) => 2 * steps - 1,
  'sdxl-torch DPM2 Karras': (steps) => 2 * steps - 1,
  'sdxl-torch DPM2 a Karras': (steps) => 2 * steps - 1,
  'sdxl-torch PNDM': (steps) => steps + 1,
  'sdxl-img2img Heun': (steps) => 2 * steps - 1,
  'sdxl-img2img DPM2': (steps) => 2 * steps - 1,
  'sdxl-img2img DPM2 Karras': (steps) => 2 * steps - 1,
  'sdxl-img2img DPM2 a': (steps) => 2 * steps - 1,
  'sdxl-img2img DPM2 a Karras': (steps) => 2 * steps - 1,
  'sdxl-img2img DPM++ 2S a': (steps) => 2 * steps - 1,
  'sdxl-img2img DPM++ 2S a Karras': (steps) => 2 * steps - 1,
  'sdxl-img2img DPM++ SDE': (steps) => 2 * steps - 1,
  'sdxl-img2img DPM++ SDE Karras': (steps) => 2 * steps - 1,
  'sdxl-img2img Restart': (steps) => 2 * steps - 1,
  'sdxl-img2img DPM adaptive': () => undefined,
  'sdxl-img2img DDIM': (steps) => ({ 20: 19, 25: 24, 30: 30, 50: 49, 60: 62 })[steps]!,
  'sdxl-img2img PLMS': (steps) => ({ 20: 20, 25: 25, 30: 31, 50: 50, 60: 63 })[steps]!,
};

test('the network calls of whole runs are those of the reference implementations', () => {
  for (const endpoint of ['sdxl-torch', 'sdxl-img2img'] as const)
    for (const name of schedulerNames(endpoint))
      for (const steps of [20, 25, 30, 50, 60]) {
        const scheduler = findScheduler(endpoint, name);
        const documented = documentedCalls[`${endpoint} ${name}`] ?? ((count: number) => count);
        const title = `${endpoint} ${name}, ${steps} steps`;
        assert.equal(scheduler.modelCalls(scheduler.schedule(sdxl, steps)), documented(steps), title);
      }
});

test('PNDM takes three Runge-Kutta steps where the checkpoint does not skip them, nine calls more', () => {
  const { schedule, modelCalls } = findScheduler('sdxl-torch', 'PNDM');
  const asking = noiseTable({ beta_schedule: 'scaled_linear', skip_prk_steps: false });
  assert.equal(modelCalls(schedule(asking, 30)), 39);
  assert.equal(modelCalls(partial(schedule(asking, 30), 30, 0.1)), 12);
  assert.equal(modelCalls(schedule(sdxl, 30)), 31);
});

test('image-to-image keeps floor(steps * strength) steps in IEEE arithmetic', () => {
  const { schedule } = findScheduler('sdxl-img2img', 'Euler');
  const remaining = (steps: number, strength: number) =>
    stepsOf(partial(schedule(sdxl, steps), steps, strength));
  assert.equal(remaining(30, 0.65), 19);
  assert.equal(remaining(20, 0.1), 2);
  assert.equal(remaining(30, 0.7), 21);
  assert.equal(remaining(100, 0.29), 28);
  assert.equal(remaining(25, 1), 25);
  assert.equal(partial(schedule(sdxl, 25), 25, 0.5).end, 25);
});

test('strength 1 is the whole run also where a run has more or fewer steps than asked for', () => {
  const { schedule } = findScheduler('sdxl-img2img', 'DDIM');
  for (const steps of [20, 60]) assert.equal(partial(schedule(sdxl, steps), steps, 1).begin, 0);
});

test('a strength that leaves no step, or is none, is refused with its value', () => {
  const schedule = findScheduler('sdxl-img2img', 'Euler').schedule(sdxl, 5);
  assert.throws(() => partial(schedule, 5, 0.1), /strength 0\.1 of 5 steps leaves no step/);
  assert.throws(() => partial(schedule, 5, 1.5), /strength is 1\.5/);
  assert.throws(() => partial(schedule, 5, Number.NaN), /strength is NaN/);
});

test('a hand-off gives base and refiner the steps of diffusers for every first-order class', () => {
  const expected: Readonly<Record<string, Readonly<Record<number, readonly [number, number]>>>> = {
    DDIM: { 20: [16, 4], 25: [20, 5], 30: [23, 7], 100: [80, 20] },
    'Euler a': { 20: [16, 4], 25: [20, 5], 30: [23, 7], 100: [80, 20] },
    UniPC: { 20: [16, 4], 25: [20, 5], 30: [24, 6], 100: [78, 22] },
    'DPM Multi': { 20: [16, 4], 25: [20, 5], 30: [24, 6], 100: [78, 22] },
    'DPM Single': { 20: [17, 3], 25: [21, 4] },
  };
  for (const [name, byCount] of Object.entries(expected))
    for (const [count, sides] of Object.entries(byCount)) {
      const parts = handOff(findScheduler('sdxl-torch', name).schedule(sdxl, Number(count)), 0.8);
      assert.deepEqual(parts.map(stepsOf), sides, `${name}, ${count} steps`);
    }
});

test('a hand-off leaves no step out and none twice, whatever the fraction', () => {
  for (const name of schedulerNames('sdxl-torch'))
    for (let percent = 0; percent <= 100; percent++) {
      const whole = findScheduler('sdxl-torch', name).schedule(sdxl, 30);
      const [base, refiner] = handOff(whole, percent / 100);
      assert.deepEqual([base.begin, base.end, refiner.end], [0, refiner.begin, 30]);
      assert.equal(base.levels, whole.levels);
    }
});

test('a fraction of 1 leaves the refiner nothing, a fraction of 0 the base', () => {
  for (const name of schedulerNames('sdxl-torch')) {
    const whole = findScheduler('sdxl-torch', name).schedule(sdxl, 25);
    assert.deepEqual(handOff(whole, 1).map(stepsOf), [25, 0]);
    assert.deepEqual(handOff(whole, 0).map(stepsOf), [0, 25]);
  }
  const whole = findScheduler('sdxl-torch', 'Euler').schedule(sdxl, 25);
  assert.throws(() => handOff(whole, -0.1), /high noise fraction is -0\.1/);
});

test('text-to-image starts at the scale of its class', () => {
  const scaleOf = (endpoint: 'sdxl-torch' | 'sdxl-img2img', name: string) =>
    findScheduler(endpoint, name).schedule(sdxl, 25).initialScale;
  // sqrt(11.67605^2 + 1), diffusers' init_noise_sigma for leading timesteps
  assert.ok(Math.abs(scaleOf('sdxl-torch', 'Euler') - 11.718795) < 1e-5);
  assert.ok(Math.abs(scaleOf('sdxl-img2img', 'Euler') - 14.614647) < 1e-5);
});
