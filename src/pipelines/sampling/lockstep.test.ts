import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { NoiseSource } from '../../numerics/noise-source.ts';
import type { NoiseLevel, Schedule, Solver } from '../../schedulers/scheduler.ts';
import { type DenoiseMany, lockstep } from './lockstep.ts';

const silent: NoiseSource = {
  normal: () => new Float32Array(1),
  brownian: () => () => new Float32Array(1),
};
const levelAt = (sigma: number): NoiseLevel => ({ sigma, timestep: sigma * 10 });
const schedule: Schedule = {
  levels: [8, 4, 2, 1, 0].map(levelAt),
  begin: 0,
  end: 4,
  initialScale: 1,
  finalScale: 1,
  levelAt,
  earlier: ({ sigma }, share) => levelAt(share * sigma),
};

/** Takes as many evaluations per step as the first value says, at levels of its own. */
const unequal: Solver = async function* (denoise, latents, { levels, begin, end }) {
  let current = latents;
  for (let i = begin; i < end; i++) {
    for (let call = 0; call < latents[0]!; call++) {
      const clean = await denoise(current, levelAt(levels[i]!.sigma + call));
      current = current.map((value, index) => (index === 0 ? value : (value + clean[index]!) / 2));
    }
    yield current;
  }
};

async function last(steps: AsyncGenerator<Float32Array[]>): Promise<Float32Array[]> {
  let latents: Float32Array[] = [];
  for await (const step of steps) latents = step;
  return latents;
}

test('samples that ask for different numbers of evaluations end as each would alone', async () => {
  const denoiseMany: DenoiseMany = async (samples, { sigma }) =>
    samples.map((sample) => sample.map((value) => value / (1 + sigma)));
  const samples = [1, 3, 2].map((calls) => Float32Array.of(calls, 10 * calls));
  const together = await last(
    lockstep(
      unequal,
      denoiseMany,
      samples,
      schedule,
      samples.map(() => silent),
    ),
  );
  for (const [index, sample] of samples.entries()) {
    const [alone] = await last(lockstep(unequal, denoiseMany, [sample], schedule, [silent]));
    assert.deepEqual(together[index], alone);
  }
});

test('evaluations at the same level become one call', async () => {
  const sizes: number[] = [];
  const denoiseMany: DenoiseMany = async (samples) => {
    sizes.push(samples.length);
    return samples.map((sample) => sample.slice());
  };
  const samples = [1, 1, 1].map((calls) => Float32Array.of(calls, 0));
  await last(lockstep(unequal, denoiseMany, samples, schedule, [silent, silent, silent]));
  assert.deepEqual(sizes, [3, 3, 3, 3]);
});

test('a failing evaluation ends the run with its reason', async () => {
  const denoiseMany: DenoiseMany = async () => {
    throw new Error('the device is gone');
  };
  const samples = [Float32Array.of(2, 0), Float32Array.of(2, 0)];
  await assert.rejects(last(lockstep(unequal, denoiseMany, samples, schedule, [silent, silent])), {
    message: 'the device is gone',
  });
});

test('leaving early stops every solver', async () => {
  let calls = 0;
  const denoiseMany: DenoiseMany = async (samples) => {
    calls++;
    return samples.map((sample) => sample.slice());
  };
  const samples = [Float32Array.of(1, 0), Float32Array.of(1, 0)];
  for await (const _ of lockstep(unequal, denoiseMany, samples, schedule, [silent, silent])) break;
  assert.equal(calls, 1);
});
