import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { noiseTable } from '../noise-levels/noise-table.ts';
import { namedSchedules, type ScheduleName, scheduleNames } from './named-schedules.ts';
import { handOff, partial } from './run-parts.ts';

const sdxl = noiseTable({
  beta_start: 0.00085,
  beta_end: 0.012,
  beta_schedule: 'scaled_linear',
  timestep_spacing: 'leading',
  steps_offset: 1,
});
const playground = noiseTable({
  _class_name: 'EDMDPMSolverMultistepScheduler',
  prediction_type: 'v_prediction',
});

const file = path.join(import.meta.dirname, 'oracles/comfyui-sigmas.json');
const oracle: { schedules: Record<string, Record<string, (number | null)[]>> } = JSON.parse(
  readFileSync(file, 'utf8'),
);

const sigmasOf = (name: ScheduleName, steps: number) =>
  namedSchedules[name].schedule(sdxl, steps).levels.map(({ sigma }) => sigma);
const timestepsOf = (name: ScheduleName, steps: number) =>
  namedSchedules[name]
    .schedule(sdxl, steps)
    .levels.slice(0, -1)
    .map(({ timestep }) => timestep);

function furthest(sigmas: readonly number[], expected: readonly (number | null)[]): number {
  return Math.max(...sigmas.map((sigma, i) => Math.abs(sigma - expected[i]!) / (expected[i] || 1)));
}

/** Where the reference disagrees with what it means, see the next tests. */
const diverges = (name: string, steps: number) =>
  (name === 'ddim_uniform' && Math.ceil(999 / Math.floor(1000 / steps)) !== steps) ||
  (name === 'kl_optimal' && steps === 1);

for (const [name, bySteps] of Object.entries(oracle.schedules) as [
  ScheduleName,
  (typeof oracle.schedules)[''],
][])
  test(`${name} gives the sigmas of ComfyUI`, () => {
    for (const [steps, expected] of Object.entries(bySteps)) {
      if (diverges(name, Number(steps))) continue;
      const sigmas = sigmasOf(name, Number(steps));
      assert.equal(sigmas.length, expected.length, `${steps} steps`);
      assert.ok(furthest(sigmas, expected) < 2e-6, `${steps} steps: ${furthest(sigmas, expected)}`);
    }
  });

for (const name of scheduleNames)
  test(`${name} has every number of steps from 1 to 100, falling to zero noise`, () => {
    for (let steps = 1; steps <= 100; steps++)
      for (const model of [sdxl, playground]) {
        const { levels, begin, end, initialScale } = namedSchedules[name].schedule(model, steps);
        assert.deepEqual([begin, end, levels.length], [0, steps, steps + 1], `${steps} steps`);
        assert.equal(levels.at(-1)!.sigma, 0);
        assert.ok(Number.isFinite(initialScale) && initialScale > 0);
        for (const [i, { sigma, timestep }] of levels.slice(1).entries()) {
          assert.ok(sigma < levels[i]!.sigma, `${steps} steps: ${levels[i]!.sigma} to ${sigma}`);
          if (model === sdxl) assert.ok(timestep <= levels[i]!.timestep);
          else if (sigma > 0) assert.ok(Math.abs(timestep - Math.log(sigma) / 4) < 1e-5, 'c_noise of EDM');
        }
      }
  });

for (const name of scheduleNames)
  test(`${name} can be cut for image to image and for the refiner`, () => {
    for (const steps of [2, 4, 20, 30]) {
      const whole = namedSchedules[name].schedule(sdxl, steps);
      assert.equal(partial(whole, steps, 0.5).begin, steps - Math.floor(steps / 2));
      const [base, refiner] = handOff(whole, 0.8);
      assert.deepEqual([base.begin, base.end, refiner.end], [0, refiner.begin, steps]);
    }
  });

test('Turbo has the timesteps that its network was trained on', () => {
  // Sauer et al. 2023, "Adversarial Diffusion Distillation", section 4
  assert.deepEqual(timestepsOf('turbo', 4), [999, 749, 499, 249]);
  assert.deepEqual(timestepsOf('turbo', 1), [999]);
});

test('ten steps of Align Your Steps are the timesteps published for SDXL', () => {
  // AysSchedules["StableDiffusionXLTimesteps"], diffusers 0.42.1
  const rounded = timestepsOf('align_your_steps', 10).map(Math.round);
  assert.deepEqual(rounded, [999, 845, 730, 587, 443, 310, 193, 116, 53, 13]);
});

test('known divergence: ddim_uniform has as many levels as asked for, where ComfyUI has one or more too many', () => {
  for (const [steps, levels] of [
    [6, 7],
    [7, 8],
    [30, 31],
  ] as const) {
    assert.equal(oracle.schedules.ddim_uniform![steps]!.length - 1, levels);
    // Ours are its lowest ones.
    const lowest = oracle.schedules.ddim_uniform![steps]!.slice(levels - steps);
    assert.ok(furthest(sigmasOf('ddim_uniform', steps), lowest) < 2e-6);
  }
});

test('known divergence: kl_optimal of one step begins at the largest sigma, where ComfyUI divides by zero', () => {
  assert.equal(oracle.schedules.kl_optimal![1]![0], null);
  assert.deepEqual(sigmasOf('kl_optimal', 1), [sdxl.sigmas.at(-1), 0]);
});

test('the median that beta asks for at every even number of steps is rounded to the even timestep', () => {
  for (let steps = 2; steps <= 100; steps += 2) assert.equal(timestepsOf('beta', steps)[steps / 2], 500);
});
