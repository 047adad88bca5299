import { combine } from '../../numerics/combine.ts';
import type { Solver } from '../scheduler.ts';
import { stepsOf, wholeSteps } from './steps.ts';

/**
 * Strategic stochastic sampling of trajectory consistency models (Zheng et al. 2024, "Trajectory Consistency
 * Distillation", Algorithm 4), as diffusers' TCDScheduler: DDIM's step to (1 - eta) of the next level's
 * timestep, then noise up to that level, none after the last step of the run. eta, the paper's gamma, goes
 * from DDIM at 0 to multistep consistency sampling at 1.
 */
export function tcd({ eta = 0.3 }: { readonly eta?: number } = {}): Solver {
  return async function* (denoise, latents, schedule, noise) {
    let current = latents;
    for (const { index, level, next } of stepsOf(schedule)) {
      const clean = await denoise(current, level);
      const isLast = index === wholeSteps(schedule) - 1;
      const down = eta === 0 || isLast ? next : schedule.earlier(next, 1 - eta);
      const keep = down.sigma / level.sigma;
      const up = Math.sqrt(next.sigma ** 2 - down.sigma ** 2);
      current =
        up > 0
          ? combine([keep, current], [1 - keep, clean], [up, noise.normal()])
          : combine([keep, current], [1 - keep, clean]);
      yield current;
    }
  };
}
