import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createNoiseSource, type NoiseSource } from '../numerics/noise-source.ts';
import { methods } from './methods.ts';
import type { Denoise, NoiseLevel, Schedule, Solver } from './scheduler.ts';
import { karrasSigmas } from './schedules/spacing.ts';
import { saSolver } from './solvers/sa-solver.ts';
import { tcd } from './solvers/tcd.ts';
import { unipc } from './solvers/unipc.ts';
import { coordinates, downwardPath } from './testing/coordinate-noise.ts';

/*
 * Data that is normal with deviation c around a mean has a known denoiser, clean = (c^2 x + sigma^2 mean) /
 * (c^2 + sigma^2), and a known flow: distances from the mean shrink as sqrt(c^2 + sigma^2).
 */

interface Problem {
  /** Deviation of the data. */
  readonly c: number;
  readonly sigmaMin: number;
  readonly sigmaMax: number;
}

/** Noise levels near the data's own deviation, so that the first and the last step matter as the others. */
const narrow: Problem = { c: 1, sigmaMin: 0.3, sigmaMax: 3 };
/** Starts and ends where the flow is straight: the low order of a method's first step does not show. */
const wide: Problem = { c: 1, sigmaMin: 0.1, sigmaMax: 300 };
/** About what SDXL sees. */
const ordinary: Problem = { c: 0.5, sigmaMin: 0.1, sigmaMax: 14.6 };

const levelAt = (sigma: number): NoiseLevel => ({ sigma, timestep: 0 });
const earlier = ({ sigma }: NoiseLevel, share: number) => levelAt(share * Math.min(sigma, 14.6));

function schedule({ sigmaMin, sigmaMax }: Problem, steps: number): Schedule {
  const levels = karrasSigmas(sigmaMin, sigmaMax, steps + 1).map(levelAt);
  return { levels, begin: 0, end: steps, initialScale: sigmaMax, finalScale: 1, levelAt, earlier };
}

function denoiser({ c }: Problem, mean = 0): Denoise {
  return async (latents, { sigma }) => {
    const share = (c * c) / (c * c + sigma * sigma);
    return latents.map((value) => mean + share * (value - mean));
  };
}

async function solve(
  solver: Solver,
  denoise: Denoise,
  latents: Float32Array,
  run: Schedule,
  noise: NoiseSource,
): Promise<Float32Array> {
  let last = latents;
  for await (const stepped of solver(denoise, latents, run, noise)) last = stepped;
  return last;
}

const silence: NoiseSource = {
  normal: () => assert.fail('a deterministic method draws no noise'),
  brownian: () => assert.fail('a deterministic method draws no noise'),
};

/** Relative error of a deterministic method; the mean over many starts takes out the rounding of float32. */
async function flowError(solver: Solver, problem: Problem, steps: number): Promise<number> {
  const start = Float32Array.from({ length: 4096 }, (_, i) => 1 + i / 2400);
  const run = schedule(problem, steps);
  const end = await solve(solver, denoiser(problem), start, run, silence);
  const [from, to] = [run.levels[0]!.sigma, run.levels.at(-1)!.sigma];
  const shrinks = Math.hypot(problem.c, to) / Math.hypot(problem.c, from);
  const sum = end.reduce((total, value, i) => total + value / (start[i]! * shrinks) - 1, 0);
  return Math.abs(sum / end.length);
}

function slope(coarse: number, fine: number): number {
  return Math.log2(Math.abs(coarse) / Math.abs(fine));
}

function assertOrder(measured: number, order: number): void {
  assert.ok(Math.abs(measured - order) < 0.1, `order ${measured}, expected ${order}`);
}

/**
 * Order without the low-order first step. UniPC of order p corrects each step to order p + 1; PLMS takes
 * even weights over uneven steps, which leaves it order 2.
 */
const innerOrders: readonly (readonly [name: string, solver: Solver, order: number])[] = [
  ['Euler', methods.euler.solver, 1],
  ['DDIM', methods.ddim.solver, 1],
  ['Heun', methods.heun.solver, 2],
  ['DPM-Solver-2', methods.dpm2.solver, 2],
  ['DPM-Solver++(2M)', methods.dpmpp2m.solver, 2],
  ['DPM-Solver++(2M) of diffusers', methods.dpmMultistep.solver, 2],
  ['DPM-Solver++(2S) of diffusers', methods.dpmSinglestep.solver, 2],
  ['PNDM', methods.pndm.solver, 2],
  ['PLMS', methods.plms.solver, 2],
  ['LMS', methods.lms.solver, 4],
  ['iPNDM', methods.ipndm.solver, 2],
  ['iPNDM-V', methods.ipndmV.solver, 4],
  ['DEIS', methods.deis.solver, 3],
  ['RES', methods.resMultistep.solver, 2],
  ['Gradient estimation', methods.gradientEstimation.solver, 1],
  ['SA-Solver without noise', saSolver({ eta: 0 }), 4],
  ['TCD without noise', tcd({ eta: 0 }), 1],
  ['Euler CFG++ without guidance', methods.eulerCfgPlusPlus.solver, 1],
  ['DPM-Solver++(2M) CFG++ without guidance', methods.dpmpp2mCfgPlusPlus.solver, 2],
  ...([1, 2, 3] as const).flatMap((order) =>
    (['bh1', 'bh2'] as const).map(
      (variant) =>
        [
          `UniPC of order ${order}, ${variant},`,
          unipc({ order, variant, lowerOrderFinal: false }),
          order + 1,
        ] as const,
    ),
  ),
];

for (const [name, solver, order] of innerOrders)
  test(`${name} has order ${order} between its ends`, async () => {
    const [coarse, fine] = [await flowError(solver, wide, 200), await flowError(solver, wide, 400)];
    assertOrder(slope(coarse, fine), order);
  });

/** Deterministic methods behind API names, whose first steps (and UniPC's last) are of order 1. */
const wholeOrders = {
  euler: 1,
  ddim: 1,
  heun: 2,
  dpm2: 2,
  lms: 2,
  pndm: 2,
  plms: 2,
  dpmMultistep: 2,
  dpmSinglestep: 2,
  dpmpp2m: 2,
  unipc: 2,
  deis: 2,
  ipndm: 2,
  ipndmV: 2,
  resMultistep: 2,
  gradientEstimation: 1,
  eulerCfgPlusPlus: 1,
  dpmpp2mCfgPlusPlus: 2,
} as const;

for (const [name, order] of Object.entries(wholeOrders) as [keyof typeof wholeOrders, number][]) {
  const { method, solver } = methods[name];
  test(`${method} (${name}) has order ${order} from end to end`, async () => {
    // iPNDM's weights are those of even steps, which coarse ones are not.
    const steps = name === 'ipndm' ? 200 : 100;
    const [coarse, fine] = [
      await flowError(solver, narrow, steps),
      await flowError(solver, narrow, 2 * steps),
    ];
    assertOrder(slope(coarse, fine), order);
  });
}

/** Relative bias of the variance over all trajectories of a stochastic method. */
async function varianceBias(solver: Solver, problem: Problem, steps: number): Promise<number> {
  const run = schedule(problem, steps);
  const start = new Float32Array(3 * steps + 8);
  start[0] = Math.hypot(problem.c, run.levels[0]!.sigma);
  const end = await solve(solver, denoiser(problem), start, run, coordinates(start.length, { index: 1 }));
  const variance = end.reduce((sum, weight) => sum + weight * weight, 0);
  return variance / (problem.c ** 2 + run.levels.at(-1)!.sigma ** 2) - 1;
}

const weakOrders = {
  eulerAncestral: 1,
  ddpm: 1,
  dpm2Ancestral: 2,
  dpmpp2sAncestral: 2,
  dpmppSde: 2,
  dpmpp2mSde: 2,
  dpmpp2mSdeHeun: 2,
  dpmpp3mSde: 2,
  restart: 2,
  erSde: 2,
} as const;

for (const [name, order] of Object.entries(weakOrders) as [keyof typeof weakOrders, number][]) {
  const { method, solver } = methods[name];
  test(`the variance of ${method} (${name}) nears the data's with weak order ${order}`, async () => {
    const biases: number[] = [];
    for (const steps of [25, 50, 100, 200, 400]) biases.push(await varianceBias(solver, ordinary, steps));
    for (const [i, bias] of biases.slice(1).entries())
      assert.ok(Math.abs(bias) < Math.abs(biases[i]!), `biases ${biases}`);
    assertOrder(slope(biases[3]!, biases[4]!), order);
  });
}

test("the variance of SA-Solver nears the data's with weak order 2 at least", async () => {
  // Its bias is soon as small as the rounding of float32, and changes its sign on the way.
  const { solver } = methods.saSolver;
  const [coarse, fine] = [
    await varianceBias(solver, ordinary, 25),
    await varianceBias(solver, ordinary, 400),
  ];
  assert.ok(Math.log2(Math.abs(coarse / fine)) / 4 > 2, `biases ${coarse} and ${fine}`);
});

test("the variance of DPM-Solver-fast nears the data's with weak order 2", async () => {
  const biases: number[] = [];
  for (const steps of [24, 48, 96, 192, 384])
    biases.push(await varianceBias(methods.dpmFast.solver, narrow, steps));
  for (const [i, bias] of biases.slice(1).entries())
    assert.ok(Math.abs(bias) < Math.abs(biases[i]!), `biases ${biases}`);
  assertOrder(slope(biases[3]!, biases[4]!), 2);
});

const trajectories = 10_000;
const mean = 1.5;

for (const name of [
  ...(Object.keys(weakOrders) as (keyof typeof weakOrders)[]),
  'dpmFast',
  'dpmAdaptive',
  'saSolver',
] as const) {
  const { method, solver } = methods[name];
  test(`${trajectories} trajectories of ${method} (${name}) have the data's mean and variance`, async () => {
    const run = schedule(ordinary, 400);
    const random = createNoiseSource({ rng: 'philox', seed: 20_260_801, length: trajectories });
    const noise: NoiseSource = {
      normal: random.normal,
      brownian: (_, sigmaMax) => downwardPath(sigmaMax, trajectories, random.normal),
    };
    const spread = Math.hypot(ordinary.c, run.levels[0]!.sigma);
    const start = random.normal().map((value) => mean + spread * value);
    const end = await solve(solver, denoiser(ordinary, mean), start, run, noise);

    const variance = ordinary.c ** 2 + run.levels.at(-1)!.sigma ** 2;
    const measuredMean = end.reduce((sum, value) => sum + value, 0) / trajectories;
    const measuredVariance = end.reduce((sum, value) => sum + (value - measuredMean) ** 2, 0) / trajectories;
    const meanErrors = (measuredMean - mean) / Math.sqrt(variance / trajectories);
    const varianceErrors = (measuredVariance / variance - 1) / Math.sqrt(2 / trajectories);
    assert.ok(Math.abs(meanErrors) < 3, `the mean is ${meanErrors} standard errors off`);
    assert.ok(Math.abs(varianceErrors) < 3, `the variance is ${varianceErrors} standard errors off`);
  });
}
