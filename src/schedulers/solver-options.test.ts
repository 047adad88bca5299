import assert from 'node:assert/strict';
import { test } from 'node:test';
import { configuredSolver, methods, optionsOf } from './methods.ts';
import { karras, normal } from './schedules/schedules.ts';
import type { SolverOptions } from './solver-options.ts';
import { denoise, finish, noiseOf, sdxl, startOf } from './testing/walks.ts';

const run = karras(sdxl, 12);

async function result(name: keyof typeof methods, options?: SolverOptions, schedule = run) {
  const noise = noiseOf(5);
  const solver = configuredSolver(methods[name], options);
  return await finish({ solver }, denoise, schedule, startOf(schedule, noise), noise);
}

test('the usual options are the method as it is, to the bit', async () => {
  for (const [name, usual] of [
    ...(['eulerAncestral', 'dpm2Ancestral', 'dpmpp2sAncestral', 'dpmppSde', 'dpmpp2mSde'] as const).map(
      (name) => [name, { eta: 1, sNoise: 1 }] as const,
    ),
    ['dpmpp3mSde', { eta: 1 }],
    ['ddim', { eta: 0 }],
    ['tcd', { eta: 0.3 }],
    ['euler', { sChurn: 0 }],
    ['heun', { sChurn: 40, sTmin: 1000 }],
  ] as const)
    assert.deepEqual(await result(name, usual), await result(name), name);
});

test('without noise the ancestral methods are the ones they begin from', async () => {
  const near = async (one: Promise<Float32Array>, other: Promise<Float32Array>) => {
    const [a, b] = [await one, await other];
    for (const [i, value] of a.entries()) assert.ok(Math.abs(value - b[i]!) < 1e-5, `${value} for ${b[i]}`);
  };
  await near(result('eulerAncestral', { eta: 0 }), result('euler'));
  await near(result('dpm2Ancestral', { eta: 0 }), result('dpm2'));
  await near(result('dpmpp2mSde', { eta: 0 }), result('dpmpp2m'));
  await near(result('tcd', { eta: 0 }), result('euler'));
  for (const name of ['eulerAncestral', 'dpm2Ancestral'] as const)
    await near(result(name, { sNoise: 0, eta: 0 }), result(name, { eta: 0 }));
});

test('DDIM with eta is Euler ancestral with it, and DDPM at 1', async () => {
  const schedule = normal(sdxl, 12);
  for (const eta of [0.4, 1]) {
    const [ddim, euler] = [
      await result('ddim', { eta }, schedule),
      await result('eulerAncestral', { eta }, schedule),
    ];
    for (const [i, value] of ddim.entries()) assert.ok(Math.abs(value - euler[i]!) < 1e-5);
  }
});

test('churn lifts the level by S_churn / N within its range, and draws there alone', async () => {
  // Karras et al. 2022, Algorithm 2: gamma = min(S_churn / N, sqrt(2) - 1)
  for (const [sChurn, gamma] of [
    [1.2, 0.1],
    [40, Math.SQRT2 - 1],
  ] as const) {
    const seen: number[] = [];
    let draws = 0;
    const { normal: draw, brownian } = noiseOf(5);
    const counted = {
      normal: () => {
        draws++;
        return draw();
      },
      brownian,
    };
    const solver = configuredSolver(methods.euler, { sChurn, sTmin: 0.1, sTmax: 10 });
    const watched: typeof denoise = async (latents, level) => {
      seen.push(level.sigma);
      return denoise(latents, level);
    };
    await finish({ solver }, watched, run, startOf(run, noiseOf(6)), counted);
    const expected = run.levels
      .slice(0, -1)
      .map(({ sigma }) => (sigma >= 0.1 && sigma <= 10 ? sigma * (1 + gamma) : sigma));
    for (const [i, sigma] of expected.entries()) assert.ok(Math.abs(seen[i]! / sigma - 1) < 1e-6);
    assert.equal(draws, expected.filter((sigma, i) => sigma !== run.levels[i]!.sigma).length);
  }
});

test('options are told by method: eta, churn, and the factor of noise where any is added', () => {
  assert.deepEqual(optionsOf(methods.eulerAncestral), ['eta', 'sNoise']);
  assert.deepEqual(optionsOf(methods.heun), ['sChurn', 'sTmin', 'sTmax', 'sNoise']);
  assert.deepEqual(optionsOf(methods.lcm), ['sNoise']);
  assert.deepEqual(optionsOf(methods.unipc), []);
});
