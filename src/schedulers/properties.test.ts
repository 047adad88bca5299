import assert from 'node:assert/strict';
import { test } from 'node:test';
import { endpoints } from '../contract/endpoints.ts';
import { findScheduler, schedulerNames } from './registry.ts';
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

const stepCounts = [20, 21, 25, 30, 50, 99, 100];
const strengths = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1];
/** Every number of steps, each at another strength: all pairs would only repeat themselves. */
const crowded = [
  [20, 1],
  [21, 0.5],
  [25, 0.8],
  [30, 0.65],
  [50, 0.3],
  [99, 0.1],
  [100, 0.2],
] as const;

const all = endpoints.flatMap((endpoint) =>
  schedulerNames(endpoint).map((name) => ({
    title: `${endpoint} ${name}`,
    scheduler: findScheduler(endpoint, name),
  })),
);

/** Ends of the schedules that do not go to zero noise, as training timesteps. */
const ends: Readonly<Record<string, number>> = {
  'sdxl-torch DDIM': 0,
  'sdxl-torch PNDM': 0,
  'sdxl-img2img DDIM': 1,
  'sdxl-img2img PLMS': 1,
};
/** DPM-Solver-fast and -adaptive stop at the last level above zero of a schedule that goes to zero. */
const stopsAboveZero = ['DPM fast', 'DPM adaptive'];
/** Methods that take steps of their own along the schedule. */
const ownSteps = ['DPM fast', 'DPM adaptive', 'Restart'];

test('twelve and thirty names', () => {
  assert.equal(schedulerNames('sdxl-torch').length, 12);
  assert.equal(schedulerNames('sdxl-img2img').length, 30);
});

for (const { title, scheduler } of all) {
  const { name } = scheduler;

  test(`${title}: the schedule falls strictly and ends where it is defined to`, () => {
    for (const steps of stepCounts) {
      const { levels, begin, end } = scheduler.schedule(sdxl, steps);
      assert.deepEqual([begin, end], [0, levels.length - 1]);
      for (const [i, level] of levels.slice(1).entries()) {
        assert.ok(level.sigma < levels[i]!.sigma, `${steps} steps: ${levels[i]!.sigma} to ${level.sigma}`);
        assert.ok(level.timestep <= levels[i]!.timestep, `${steps} steps: timestep ${level.timestep}`);
      }
      const timestep = ends[title];
      assert.equal(levels.at(-1)!.sigma, timestep === undefined ? 0 : sdxl.sigmas[timestep]);
    }
  });

  test(`${title}: asks the network as often as documented, for every strength and on both sides of a hand-off`, async () => {
    for (const steps of stepCounts) {
      const whole = scheduler.schedule(sdxl, steps);
      const parts = [
        ...strengths.map((strength) => partial(whole, steps, strength)),
        ...handOff(whole, 0.8),
        ...handOff(whole, 0.35),
      ];
      for (const part of parts) {
        const { calls, trajectory } = await countedWalk(scheduler, part);
        assert.equal(
          calls,
          scheduler.modelCalls(part) ?? calls,
          `${steps} steps, ${part.begin} to ${part.end}`,
        );
        if (!ownSteps.includes(name)) assert.equal(trajectory.length, part.end - part.begin);
        for (const latents of trajectory) assert.ok(latents.every(Number.isFinite));
      }
    }
  });

  test(`${title}: is exact where the clean latents never change`, async () => {
    const clean = Float32Array.from({ length }, (_, i) => i / 2 - 1);
    for (const steps of stepCounts) {
      const whole = scheduler.schedule(sdxl, steps);
      for (const part of strengths.map((strength) => partial(whole, steps, strength))) {
        const noise = cheapNoise();
        const start = startOf(part, noise);
        const from = part.levels[part.begin]!.sigma;
        const to = stopsAboveZero.includes(name) ? part.levels.at(-2)!.sigma : part.levels[part.end]!.sigma;
        const end = await finish(scheduler, async () => clean.slice(), part, start, noise);
        for (const [i, value] of end.entries()) {
          if (scheduler.noise === 'none') {
            const expected = clean[i]! + (to / from) * (start[i]! - clean[i]!);
            assert.ok(Math.abs(value - expected) < 1e-5, `${steps} steps: ${value}, expected ${expected}`);
          } else {
            assert.ok(
              // Noise of the last level, and what is left of a start that lacked the clean latents.
              Math.abs(value - clean[i]!) <= 5 * to + Math.abs(clean[i]!) * (to / from) + 1e-6,
              `${steps} steps: ${value} for ${clean[i]}`,
            );
          }
        }
      }
    }
  });

  test(`${title}: the same seed gives the same bits, in a crowd of four as alone`, async () => {
    for (const [steps, strength] of crowded) {
      const part = partial(scheduler.schedule(sdxl, steps), steps, strength);
      await assertSameInCrowd(scheduler, part, [1, 2, 3, 4], `${steps} at ${strength}`);
    }
  });
}

/** Methods that carry nothing from step to step. */
const oneStepMethods = [
  'DDIM',
  'DDPM',
  'Euler',
  'Euler ancestral',
  'Heun',
  'DPM-Solver-2',
  'DPM-Solver-2 ancestral',
  'DPM-Solver++(2S) ancestral',
  'DPM-Solver++ SDE',
];

for (const { title, scheduler } of all.filter(({ scheduler: { method } }) => oneStepMethods.includes(method)))
  test(`${title}: a cut anywhere changes nothing`, async () => {
    for (const steps of stepCounts) {
      const whole = scheduler.schedule(sdxl, steps);
      const noise = noiseOf(9);
      const start = startOf(whole, noise);
      const uncut = await finish(scheduler, denoise, whole, start, noise);
      // A Brownian path is costly: every fifth cut of the long runs.
      const stride = scheduler.noise === 'brownian' && steps > 25 ? 5 : 1;
      for (let cut = 0; cut <= whole.end; cut += stride) {
        const again = noiseOf(9);
        startOf(whole, again);
        const middle = await finish(scheduler, denoise, { ...whole, end: cut }, start, again);
        const end = await finish(scheduler, denoise, { ...whole, begin: cut }, middle, again);
        assert.deepEqual(end, uncut, `${steps} steps, cut after ${cut}`);
      }
    }
  });

test('every one-step method is behind some name', () => {
  for (const method of oneStepMethods)
    assert.ok(
      all.some(({ scheduler }) => scheduler.method === method),
      method,
    );
});
