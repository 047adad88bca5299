/** The network's clean latents (x0) behind `x` at noise level `sigma`, in float64. */
export type CleanAt = (x: Float64Array, sigma: number) => Promise<Float64Array>;

export interface FlowSolution {
  readonly x: Float64Array;
  /** Evaluations of the denoiser. */
  readonly calls: number;
}

/**
 * Dormand & Prince 1980, "A family of embedded Runge-Kutta formulae", RK5(4)7M: nodes, stages, error weights.
 */
const nodes = [0, 1 / 5, 3 / 10, 4 / 5, 8 / 9, 1, 1];
const stages = [
  [],
  [1 / 5],
  [3 / 40, 9 / 40],
  [44 / 45, -56 / 15, 32 / 9],
  [19372 / 6561, -25360 / 2187, 64448 / 6561, -212 / 729],
  [9017 / 3168, -355 / 33, 46732 / 5247, 49 / 176, -5103 / 18656],
  [35 / 384, 0, 500 / 1113, 125 / 192, -2187 / 6784, 11 / 84],
];
const errorWeights = [71 / 57600, 0, -71 / 16695, 71 / 1920, -17253 / 339200, 22 / 525, -1 / 40];

/**
 * Limits of how much one step may differ from the last, and the margin kept, as Hairer, Norsett & Wanner,
 * section II.4.
 */
const leastGrowth = 0.2;
const mostGrowth = 5;
const safety = 0.9;
const firstStep = 0.05;
/** A step this small in log sigma means that the tolerance cannot be met in the denoiser's arithmetic. */
const leastStep = 1e-7;

/**
 * Solves the probability flow dx / d(log sigma) = x - clean(x, sigma) (Karras et al. 2022, eq. 1, in log
 * sigma) from `from` down to `to`, both above zero, with steps so small that each one's estimated error has a
 * root mean square of at most `tolerance` (relative where values are above 1).
 * @throws Error where no step is small enough or the denoiser gives no numbers.
 */
export async function solveFlow(
  clean: CleanAt,
  start: Float64Array,
  { from, to, tolerance, signal }: { from: number; to: number; tolerance: number; signal?: AbortSignal },
): Promise<FlowSolution> {
  let calls = 0;
  const slopeAt = async (x: Float64Array, time: number) => {
    signal?.throwIfAborted();
    calls++;
    const estimate = await clean(x, Math.exp(time));
    return x.map((value, i) => value - estimate[i]!);
  };
  const end = Math.log(to);
  let time = Math.log(from);
  let x = start;
  let first = time > end ? await slopeAt(x, time) : x;
  let step = Math.min(firstStep, time - end);
  while (time > end) {
    const length = Math.min(step, time - end);
    const slopes = [first];
    let next = x;
    for (let stage = 1; stage < stages.length; stage++) {
      next = advanced(x, slopes, stages[stage]!, -length);
      const at = stage >= 5 && length === time - end ? end : time - nodes[stage]! * length;
      slopes.push(await slopeAt(next, at));
    }
    const error = errorNorm(x, next, slopes, length) / tolerance;
    if (Number.isNaN(error)) throw new Error(`the denoiser gave NaN at sigma ${Math.exp(time)}`);
    if (error <= 1) {
      time = length === time - end ? end : time - length;
      x = next;
      first = slopes.at(-1)!;
    }
    step = length * Math.min(mostGrowth, Math.max(leastGrowth, safety * error ** (-1 / 5)));
    if (time > end && step < leastStep)
      throw new Error(`the flow cannot be solved to ${tolerance} at sigma ${Math.exp(time)}`);
  }
  return { x, calls };
}

function advanced(
  x: Float64Array,
  slopes: readonly Float64Array[],
  weights: readonly number[],
  length: number,
): Float64Array {
  const sum = x.slice();
  for (const [stage, weight] of weights.entries()) {
    const slope = slopes[stage]!;
    for (let i = 0; i < sum.length; i++) sum[i]! += length * weight * slope[i]!;
  }
  return sum;
}

function errorNorm(
  x: Float64Array,
  next: Float64Array,
  slopes: readonly Float64Array[],
  length: number,
): number {
  let total = 0;
  for (let i = 0; i < x.length; i++) {
    let error = 0;
    for (let stage = 0; stage < slopes.length; stage++) error += errorWeights[stage]! * slopes[stage]![i]!;
    const size = Math.max(1, Math.abs(x[i]!), Math.abs(next[i]!));
    total += ((length * error) / size) ** 2;
  }
  return Math.sqrt(total / x.length);
}
