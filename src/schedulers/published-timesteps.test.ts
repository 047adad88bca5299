import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { createNoiseSource } from '../numerics/noise-source.ts';
import { noiseTable } from './noise-levels/noise-table.ts';
import type { SchedulerConfig } from './noise-levels/scheduler-config.ts';
import { findScheduler } from './registry.ts';
import type { Denoise, Schedule, Solver } from './scheduler.ts';
import type { SchedulerDefinition } from './scheduler-definition.ts';
import { handOff } from './schedules/run-parts.ts';
import { sigmaGrid } from './schedules/schedules.ts';
import { ancestralStep } from './solvers/ancestral-step.ts';
import { heun } from './solvers/heun.ts';

const published = JSON.parse(
  readFileSync(new URL('oracles/diffusers-published.json', import.meta.url), 'utf8'),
) as {
  readonly checks: readonly {
    readonly class: string;
    readonly config: SchedulerConfig;
    readonly num_inference_steps: number;
    readonly expected_timesteps?: readonly number[];
    readonly values?: Readonly<Record<string, number>>;
    readonly tol?: number;
  }[];
  readonly handOff: {
    readonly splits: readonly number[];
    readonly steps_10: Readonly<Record<string, readonly number[]>>;
    readonly steps_25: Readonly<Record<string, readonly number[]>>;
  };
};

const listedClasses: Readonly<Record<string, SchedulerDefinition>> = {
  DDIMScheduler: findScheduler('sdxl-torch', 'DDIM'),
  PNDMScheduler: findScheduler('sdxl-torch', 'PNDM'),
};

/** The timesteps at which a solver asks the network. */
async function askedTimesteps(solver: Solver, schedule: Schedule): Promise<number[]> {
  const asked: number[] = [];
  const denoise: Denoise = async (latents, { timestep }) => {
    asked.push(timestep);
    return latents.map(() => 0);
  };
  const noise = createNoiseSource({ rng: 'philox', seed: 0, length: 1 });
  for await (const _ of solver(denoise, new Float32Array(1), schedule, noise));
  return asked;
}

test('DDIM and PNDM with Runge-Kutta steps ask the network at the published timesteps', async () => {
  const lists = published.checks.filter(({ expected_timesteps }) => expected_timesteps !== undefined);
  assert.equal(lists.length, 2);
  for (const { class: name, config, num_inference_steps: steps, expected_timesteps: expected } of lists) {
    const { solver, schedule } = listedClasses[name]!;
    const whole = schedule(noiseTable({ skip_prk_steps: false, ...config }), steps);
    assert.deepEqual(await askedTimesteps(solver, whole), expected);
  }
});

test('the noise variance of a step equals the published DDIM and DDPM variances', () => {
  const lists = published.checks.filter(({ values }) => values !== undefined);
  assert.equal(lists.length, 2);
  for (const { config, values, tol } of lists) {
    const { sigmas } = noiseTable(config);
    for (const [key, expected] of Object.entries(values!)) {
      const [from = 0, to = from - 1] = key.split(',').map(Number);
      const sigmaNext = to < 0 ? 0 : sigmas[to]!;
      const { up } = ancestralStep(sigmas[from]!, sigmaNext);
      const variance = up ** 2 / (sigmaNext ** 2 + 1);
      assert.ok(Math.abs(variance - expected) < tol!, `${key}: ${variance}, published ${expected}`);
    }
  }
});

const handOffClasses: Readonly<Record<string, SchedulerDefinition>> = {
  DDIM: findScheduler('sdxl-torch', 'DDIM'),
  Euler: findScheduler('sdxl-torch', 'Euler'),
  DPMSolverMultistep: findScheduler('sdxl-torch', 'DPM Multi'),
  UniPC: findScheduler('sdxl-torch', 'UniPC'),
};
const sdxl: SchedulerConfig = {
  beta_schedule: 'scaled_linear',
  beta_start: 0.00085,
  beta_end: 0.012,
  timestep_spacing: 'leading',
  steps_offset: 1,
};

test('base and refiner ask at the published timesteps on their sides of the published splits', async () => {
  for (const [steps, lists] of [
    [10, published.handOff.steps_10],
    [25, published.handOff.steps_25],
  ] as const) {
    for (const [name, { solver, schedule }] of Object.entries(handOffClasses)) {
      for (const split of published.handOff.splits) {
        const [base, refiner] = handOff(schedule(noiseTable(sdxl), steps), 1 - split / 1000);
        const expected = lists[name]!;
        assert.deepEqual(
          await askedTimesteps(solver, base),
          expected.filter((timestep) => timestep >= split),
        );
        assert.deepEqual(
          await askedTimesteps(solver, refiner),
          expected.filter((timestep) => timestep < split),
        );
      }
    }
  }
});

test('Heun asks at the published timesteps, but its hand-off does not repeat half a step as published', async () => {
  for (const [steps, expected] of [
    [10, published.handOff.steps_10.Heun!],
    [25, published.handOff.steps_25.Heun!],
  ] as const) {
    const whole = sigmaGrid(noiseTable(sdxl), steps);
    assert.deepEqual(await askedTimesteps(heun(), whole), expected);
    for (const split of published.handOff.splits) {
      const [base, refiner] = handOff(whole, 1 - split / 1000);
      const asked = [...(await askedTimesteps(heun(), base)), ...(await askedTimesteps(heun(), refiner))];
      assert.deepEqual(asked, expected);
      assert.notDeepEqual(
        await askedTimesteps(heun(), base),
        expected.filter((timestep) => timestep >= split),
      );
    }
  }
});
