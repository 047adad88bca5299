import { createNoiseSource } from '../../../src/numerics/noise-source.ts';
import type { NoiseLevel, Schedule, Solver } from '../../../src/schedulers/scheduler.ts';
import { karrasSigmas } from '../../../src/schedulers/schedules/spacing.ts';
import { coordinates } from '../../../src/schedulers/testing/coordinate-noise.ts';
import type { Entry } from '../entries.ts';
import { solveFlow } from '../exact/flow.ts';
import { mixtureClean, mixtureDenoise, plane } from '../testbeds/mixture.ts';
import { timedRun } from '../testbeds/timed-run.ts';
import { rootMeanSquare } from './distances.ts';
import { theoreticalOrder } from './theory.ts';

/** What theory says of a solver, and what was measured. */
export interface SolverOrder {
  /** null where the method chooses its own steps. */
  readonly theory: number | null;
  readonly measured: number | null;
  /** Of the distance to the exact flow, or of the variance over all trajectories. */
  readonly kind: 'flow' | 'variance';
  /** The two numbers of steps whose errors were compared, and the errors. */
  readonly steps: readonly [number, number] | null;
  readonly errors: readonly [number, number] | null;
}

/** Karras-spaced levels that stay above zero: a schedule that can be refined without end. */
interface Range {
  readonly from: number;
  readonly to: number;
  readonly steps: readonly [number, number];
}

/** Noise about as large as the data, so that every step matters. */
const flowRange: Range = { from: 3, to: 0.3, steps: [100, 200] };
/** About what SDXL sees. */
const varianceRange: Range = { from: 14.6, to: 0.1, steps: [200, 400] };
/**
 * DPM-Solver-fast steps evenly in log sigma with a third of the steps; multiples of 3 keep the mix of orders.
 */
const fastRange: Range = { from: 3, to: 0.3, steps: [192, 384] };

const points = 512;
const flowTolerance = 1e-11;

/**
 * Measures a solver's order of convergence where the right answer is known: deterministic solvers by the
 * distance to the exact flow of the mixture, stochastic ones by the variance of all trajectories on normal
 * data, which is computed without sampling (every draw is a coordinate). Names that share a solver share its
 * order.
 */
export function solverOrder({ scheduler }: Pick<Entry, 'scheduler'>): Promise<SolverOrder> {
  const order = known.get(scheduler.solver) ?? measuredOrder(scheduler);
  known.set(scheduler.solver, order);
  return order;
}

const known = new Map<Solver, Promise<SolverOrder>>();

async function measuredOrder(scheduler: Entry['scheduler']): Promise<SolverOrder> {
  const theory = theoreticalOrder(scheduler) ?? null;
  const kind = scheduler.noise === 'none' ? 'flow' : 'variance';
  if (theory === null) return { theory, measured: null, kind, steps: null, errors: null };
  const isFast = scheduler.method === 'DPM-Solver-fast';
  const range = kind === 'flow' ? flowRange : isFast ? fastRange : varianceRange;
  const errorOf = kind === 'flow' ? flowErrors(scheduler) : varianceErrors(scheduler, isFast ? 1 : 0.5);
  const [coarse, fine] = [await errorOf(range, range.steps[0]), await errorOf(range, range.steps[1])];
  const measured = Math.log(coarse / fine) / Math.log(range.steps[1] / range.steps[0]);
  return { theory, measured, kind, steps: range.steps, errors: [coarse, fine] };
}

type ErrorOf = (range: Range, steps: number) => Promise<number>;

function scheduleOf({ from, to }: Range, steps: number): Schedule {
  const levelAt = (sigma: number): NoiseLevel => ({ sigma, timestep: 0 });
  const earlier = ({ sigma }: NoiseLevel, share: number) => levelAt(share * sigma);
  const levels = karrasSigmas(to, from, steps + 1).map(levelAt);
  return { levels, begin: 0, end: steps, initialScale: from, finalScale: 1, levelAt, earlier };
}

let solved: Promise<{ start: Float32Array; end: Float64Array }> | undefined;

function exactFlow() {
  solved ??= (async () => {
    const { from, to } = flowRange;
    const start = createNoiseSource({ rng: 'philox', seed: 1, length: 2 * points })
      .normal()
      .map((value) => value * Math.hypot(1, from));
    const { x } = await solveFlow(mixtureClean(plane), Float64Array.from(start), {
      from,
      to,
      tolerance: flowTolerance,
    });
    return { start, end: x };
  })();
  return solved;
}

function flowErrors({ solver }: Entry['scheduler']): ErrorOf {
  return async (range, steps) => {
    const { start, end } = await exactFlow();
    const noise = createNoiseSource({ rng: 'philox', seed: 0, length: start.length });
    const run = await timedRun(solver, scheduleOf(range, steps), mixtureDenoise(plane), noise, start);
    return rootMeanSquare(run.latents, end);
  };
}

/** @param deviation of the data. */
function varianceErrors({ solver }: Entry['scheduler'], deviation: number): ErrorOf {
  return async (range, steps) => {
    const schedule = scheduleOf(range, steps);
    const start = new Float32Array(3 * steps + 8);
    start[0] = Math.hypot(deviation, schedule.levels[0]!.sigma);
    const denoise = async (latents: Float32Array, { sigma }: NoiseLevel) => {
      const share = deviation ** 2 / (deviation ** 2 + sigma ** 2);
      return latents.map((value) => share * value);
    };
    const { latents } = await timedRun(
      solver,
      schedule,
      denoise,
      coordinates(start.length, { index: 1 }),
      start,
    );
    const variance = latents.reduce((sum, weight) => sum + weight * weight, 0);
    return Math.abs(variance / (deviation ** 2 + schedule.levels.at(-1)!.sigma ** 2) - 1);
  };
}
