import { combine } from '../../numerics/combine.ts';
import type { NoiseLevel, Schedule, Solver } from '../scheduler.ts';
import { karrasSigmasFloat32 } from '../schedules/spacing.ts';

/** Where a restart begins, and the level its noise takes the latents back to. */
const restartFrom = 0.1;
const restartTo = 2;

/**
 * A part this long is given one restart of 9 intervals, a part of at least 36 steps two of a quarter each.
 */
const leastSteps = 20;
const leastStepsForTwo = 36;

interface Interval {
  readonly from: NoiseLevel;
  readonly to: NoiseLevel;
}

/**
 * Restart sampling (Xu et al. 2023, "Restart Sampling for Improving Generative Processes") as A1111's
 * sampler: Heun steps down a Karras schedule, going over 0.1 ... 2 again after adding noise. As there, the
 * length of the part that is solved decides on the restarts, which take their steps from the descent; a part
 * that ends above zero has none and follows the schedule.
 */
export const restart: Solver = async function* (denoise, latents, schedule, noise) {
  let x = latents;
  let reached: number | undefined;
  for (const { from, to } of intervals(schedule)) {
    if (reached !== undefined && reached < from.sigma)
      x = combine([1, x], [Math.sqrt(from.sigma ** 2 - reached ** 2), noise.normal()]);
    const clean = await denoise(x, from);
    if (to.sigma === 0) {
      x = clean;
    } else {
      const change = to.sigma / from.sigma;
      const euler = combine([change, x], [1 - change, clean]);
      const cleanNext = await denoise(euler, to);
      const half = (to.sigma - from.sigma) / 2;
      x = combine(
        [1 + half / from.sigma, x],
        [-half / from.sigma, clean],
        [half / to.sigma, euler],
        [-half / to.sigma, cleanNext],
      );
    }
    reached = to.sigma;
    yield x;
  }
};

function intervals({ levels, begin, end, levelAt }: Schedule): Interval[] {
  const part = levels.slice(begin, end + 1);
  const steps = end - begin;
  const final = part.at(-1)!;
  if (steps < leastSteps || final.sigma > 0) return pairs(part);

  const times = steps >= leastStepsForTwo ? 2 : 1;
  const restartSteps = steps >= leastStepsForTwo ? Math.floor(steps / 4) : 9;
  const descent = karrasSigmasFloat32(part.at(-2)!.sigma, part[0]!.sigma, steps - restartSteps * times);
  const path = [...Array.from(descent, levelAt), final];
  const low = nearest(path, restartFrom);
  const high = nearest(path, restartTo);
  if (high >= low) return pairs(path);
  const repeated = karrasSigmasFloat32(path[low]!.sigma, path[high]!.sigma, restartSteps + 1);
  return [
    ...pairs(path.slice(0, low + 1)),
    ...Array.from({ length: times }, () => pairs(Array.from(repeated, levelAt))).flat(),
    ...pairs(path.slice(low)),
  ];
}

function pairs(levels: readonly NoiseLevel[]): Interval[] {
  return levels.slice(1).map((to, i) => ({ from: levels[i]!, to }));
}

/** Index of the level closest to `sigma`, the first of equals. */
function nearest(levels: readonly NoiseLevel[], sigma: number): number {
  const distances = levels.map((level) => Math.abs(level.sigma - sigma));
  return distances.indexOf(Math.min(...distances));
}
