import assert from 'node:assert/strict';
import { test } from 'node:test';
import { endpoints } from '../contract/endpoints.ts';
import { findScheduler, schedulerNames } from './registry.ts';
import { composedName, composedScheduler, findSampler, samplerNames, schedulesOf } from './samplers.ts';
import { scheduleNames } from './schedules/named-schedules.ts';
import { handOff, partial } from './schedules/run-parts.ts';
import {
  assertSameInCrowd,
  cheapNoise,
  countedWalk,
  denoise,
  finish,
  length,
  noiseOf,
  sdxl,
  startOf,
} from './testing/walks.ts';

const stepCounts = [1, 2, 3, 4, 5, 8, 13, 20, 30, 50, 100];
/** Methods that take steps of their own along the schedule. */
const ownSteps = ['dpm_fast', 'dpm_adaptive', 'restart'];
/** Methods whose runs do not reach zero noise. */
const stopAboveZero: readonly string[] = ['dpm_fast', 'dpm_adaptive', 'tcd'];
/**
 * Methods that weigh derivatives of far lower or nearly equal levels, which shows the rounding of float32.
 */
const roughened: readonly string[] = ['lms', 'pndm'];

const namesOf = (sampler: (typeof samplerNames)[number]) =>
  schedulesOf(sampler).map((schedule) => composedName(sampler, schedule));

test('a sampler on a schedule is a scheduler of both endpoints, and no published name is like one', () => {
  for (const endpoint of endpoints) {
    for (const sampler of samplerNames)
      for (const name of namesOf(sampler)) assert.equal(findScheduler(endpoint, name).name, name);
    for (const name of schedulerNames(endpoint)) assert.equal(composedScheduler(name), undefined);
  }
  for (const name of ['euler', 'euler quick', 'dpm_fast karras', 'restart normal', 'toString karras'])
    assert.throws(() => findScheduler('sdxl-torch', name), /unknown to sdxl-torch/);
});

test('every sampler goes with every schedule, but for those that space their steps themselves', () => {
  for (const sampler of samplerNames) {
    const schedules = schedulesOf(sampler);
    assert.equal(schedules[0], findSampler(sampler).schedule);
    if (sampler === 'restart') assert.deepEqual(schedules, ['karras']);
    else if (ownSteps.includes(sampler)) assert.deepEqual(schedules, ['exponential']);
    else assert.deepEqual([...schedules].sort(), [...scheduleNames].sort());
  }
});

test('a sampler keeps all that is known of its method on every schedule', () => {
  for (const sampler of samplerNames)
    for (const name of namesOf(sampler)) {
      const { method, solver, options, configured, guidanceApart } = composedScheduler(name)!;
      const own = findSampler(sampler);
      assert.deepEqual(
        [method, solver, options, configured, guidanceApart],
        [own.method, own.solver, own.options, own.configured, own.guidanceApart],
      );
    }
  assert.equal(composedScheduler('euler_cfg_pp beta')!.guidanceApart, true);
});

/** Published names of A1111's samplers, which are a sampler on a schedule to the bit. */
const published: Readonly<Record<string, string>> = {
  Euler: 'euler normal',
  'Euler a': 'euler_ancestral normal',
  Heun: 'heun normal',
  LMS: 'lms normal',
  'LMS Karras': 'lms karras',
  DPM2: 'dpm_2 normal',
  'DPM2 a Karras': 'dpm_2_ancestral karras',
  'DPM++ 2S a': 'dpmpp_2s_ancestral normal',
  'DPM++ 2M Karras': 'dpmpp_2m karras',
  'DPM++ SDE Karras': 'dpmpp_sde karras',
  'DPM++ 2M SDE Exponential': 'dpmpp_2m_sde exponential',
  'DPM++ 2M SDE Heun Karras': 'dpmpp_2m_sde_heun karras',
  'DPM++ 3M SDE Karras': 'dpmpp_3m_sde karras',
  'DPM fast': 'dpm_fast exponential',
  Restart: 'restart karras',
};

for (const [name, composed] of Object.entries(published))
  test(`${composed} is ${name}`, async () => {
    const results = [name, composed].map(async (each) => {
      const scheduler = findScheduler('sdxl-img2img', each);
      const run = scheduler.schedule(sdxl, 22);
      const noise = noiseOf(3);
      return await finish(scheduler, denoise, run, startOf(run, noise), noise);
    });
    assert.deepEqual(await results[1], await results[0]);
  });

for (const sampler of samplerNames) {
  test(`${sampler} takes 1 to 100 steps on each of its schedules, whole and in parts, as often as counted`, async () => {
    for (const [i, name] of namesOf(sampler).entries()) {
      const scheduler = findScheduler('sdxl-torch', name);
      // Two numbers of steps more than the small ones for each schedule: all would only repeat themselves.
      const counts = stepCounts.filter(
        (_, at) => at < 4 || at % scheduleNames.length === i || at === 4 + (i % 7),
      );
      for (const steps of counts) {
        const whole = scheduler.schedule(sdxl, steps);
        for (const part of [whole, partial(whole, steps, Math.max(0.6, 1 / steps)), ...handOff(whole, 0.8)]) {
          const { calls, trajectory } = await countedWalk(scheduler, part);
          assert.equal(
            calls,
            scheduler.modelCalls(part) ?? calls,
            `${name}, ${steps}: ${part.begin} to ${part.end}`,
          );
          if (!ownSteps.includes(sampler)) assert.equal(trajectory.length, part.end - part.begin);
          for (const latents of trajectory)
            assert.ok(latents.every(Number.isFinite), `${name}, ${steps} steps`);
        }
      }
    }
  });

  test(`${sampler} ends at the clean latents where they never change, from one step on`, async () => {
    const clean = Float32Array.from({ length }, (_, i) => i / 2 - 1);
    for (const name of namesOf(sampler)) {
      const scheduler = findScheduler('sdxl-torch', name);
      for (const steps of [1, 2, 3, 4, 7, 20]) {
        const run = scheduler.schedule(sdxl, steps);
        const noise = cheapNoise();
        const end = await finish(scheduler, async () => clean.slice(), run, startOf(run, noise), noise);
        const [from, to] = [run.levels[0]!.sigma, run.levels.at(-1)!.sigma];
        // Noise of the last level, and what is left of a start that lacked the clean latents, up to 1.5.
        const left = stopAboveZero.includes(sampler)
          ? 6 * to + (1.5 * to) / from + 1e-5
          : roughened.includes(sampler)
            ? 2e-2
            : 1e-5;
        for (const [i, value] of end.entries())
          assert.ok(Math.abs(value - clean[i]!) < left, `${name}, ${steps} steps: ${value} for ${clean[i]}`);
      }
    }
  });

  test(`${sampler}: the same seed gives the same bits, in a crowd of three as alone`, async () => {
    const scheduler = findScheduler('sdxl-img2img', namesOf(sampler)[0]!);
    for (const steps of [3, 8]) {
      const run = scheduler.schedule(sdxl, steps);
      await assertSameInCrowd(scheduler, run, [1, 2, 3], `${steps} steps`);
    }
  });
}
