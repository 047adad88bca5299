import type { NoiseTable } from '../../../src/schedulers/noise-levels/noise-table.ts';
import type { Schedule } from '../../../src/schedulers/scheduler.ts';
import { type CleanAt, type FlowSolution, solveFlow } from './flow.ts';

/**
 * The exact problem behind a schedule: which flow is solved from where to where. Two schedules with equal
 * problems have one right answer for the same noise, whatever lies between.
 */
export interface FlowProblem {
  /** Level of the first latents, and what standard normals are multiplied with to give them. */
  readonly from: number;
  readonly initialScale: number;
  /** Level at the end; 0 = the clean picture. */
  readonly to: number;
  readonly finalScale: number;
}

/** Schedules differ in the seventh digit where they are computed in float32; that is the same problem. */
const digits = 5;

const rounded = (value: number) => Number(value.toPrecision(digits));

export function problemOf(schedule: Schedule): FlowProblem {
  return {
    from: rounded(schedule.levels[schedule.begin]!.sigma),
    initialScale: rounded(schedule.initialScale),
    to: rounded(schedule.levels[schedule.end]!.sigma),
    finalScale: rounded(schedule.finalScale),
  };
}

/**
 * The part of a problem that takes the time: its flow down to where the network is asked last. Several
 * problems may have the same one.
 */
export function flowOf({ from, initialScale, to }: FlowProblem, model: Pick<NoiseTable, 'sigmas'>): Flow {
  return { from, initialScale, to: Math.max(to, rounded(model.sigmas[0]!)) };
}

export type Flow = Omit<FlowProblem, 'finalScale'>;

/** Solves a flow from the standard normals `noise`. */
export function solvedFlow(
  clean: CleanAt,
  { from, initialScale, to }: Flow,
  noise: Float32Array,
  { tolerance, signal }: { tolerance: number; signal?: AbortSignal },
): Promise<FlowSolution> {
  const start = Float64Array.from(noise, (value) => value * initialScale);
  return solveFlow(clean, start, { from, to, tolerance, ...(signal && { signal }) });
}

/**
 * The converged answer to `problem` from its solved flow. No network is trained below the lowest level of its
 * table, so a run to zero is solved exactly down to that level and takes the network's clean estimate there,
 * which is what a schedule that is refined without end does.
 */
export async function convergedLatents(
  clean: CleanAt,
  model: Pick<NoiseTable, 'sigmas'>,
  problem: FlowProblem,
  solved: Float64Array,
): Promise<Float64Array> {
  const { to } = flowOf(problem, model);
  const last = problem.to < to ? await clean(solved, to) : solved;
  return last.map((value) => value * problem.finalScale);
}
