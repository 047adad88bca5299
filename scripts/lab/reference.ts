import type { NoiseTable } from '../../src/schedulers/noise-levels.ts';
import type { Schedule } from '../../src/schedulers/scheduler.ts';
import { type CleanAt, solveFlow } from './flow.ts';

/**
 * The exact problem behind a schedule: which flow is solved from where to where. Two schedules with equal problems have
 * one right answer for the same noise, whatever lies between.
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
 * The converged answer to `problem` from the standard normals `noise`. No network is trained below the lowest level of
 * its table, so a run to zero is solved exactly down to that level and takes the network's clean estimate there, which
 * is what a schedule that is refined without end does.
 */
export async function convergedLatents(
  clean: CleanAt,
  model: Pick<NoiseTable, 'sigmas'>,
  problem: FlowProblem,
  noise: Float32Array,
  { tolerance, signal }: { tolerance: number; signal?: AbortSignal },
): Promise<{ latents: Float64Array; calls: number }> {
  const lowest = model.sigmas[0]!;
  const start = Float64Array.from(noise, (value) => value * problem.initialScale);
  const to = Math.max(problem.to, lowest);
  const { x, calls } = await solveFlow(clean, start, {
    from: problem.from,
    to,
    tolerance,
    ...(signal && { signal }),
  });
  if (problem.to >= lowest * (1 - 1e-4))
    return { latents: x.map((value) => value * problem.finalScale), calls };
  const last = await clean(x, lowest);
  return { latents: last.map((value) => value * problem.finalScale), calls: calls + 1 };
}
