import { combine, type Term } from '../../numerics/combine.ts';
import { integral } from '../../numerics/integral.ts';
import type { Solver } from '../scheduler.ts';
import { stepsOf } from './steps.ts';

/** The noise scale function of the paper's best solvers, SDE_5: sigma (e^(sigma^0.3) + 10). */
const scale = (sigma: number) => sigma * (Math.exp(sigma ** 0.3) + 10);

/**
 * ER-SDE-Solver-3 (Cui et al. 2023, "Elucidating the Solution Space of Extended Reverse-Time SDE", Algorithm
 * 3): the clean predictions' Taylor expansion over sigma, its two integrals taken exactly where the reference
 * and ComfyUI add up 100 or 200 points, and noise that keeps the level. The step to zero noise takes the
 * clean latents. History counts from entry.
 */
export const erSde: Solver = async function* (denoise, latents, schedule, noise) {
  let current = latents;
  /** Newest first: sigma, the clean latents, and their slope from the level before. */
  let last:
    | { readonly sigma: number; readonly clean: Float32Array; readonly slope?: Float32Array }
    | undefined;
  let beforeLast: number | undefined;
  for (const { level, next } of stepsOf(schedule)) {
    const clean = await denoise(current, level);
    let slope: Float32Array | undefined;
    if (last !== undefined) {
      const distance = level.sigma - last.sigma;
      slope = combine([1 / distance, clean], [-1 / distance, last.clean]);
    }
    if (next.sigma === 0) {
      current = clean.slice();
    } else {
      const keep = scale(next.sigma) / scale(level.sigma);
      const change = next.sigma - level.sigma;
      const terms: Term[] = [[1 - keep, clean]];
      if (slope !== undefined) {
        terms.push([change + scale(next.sigma) * inverseScale(level.sigma, next.sigma, 0), slope]);
        if (last?.slope !== undefined) {
          const weight = change ** 2 / 2 + scale(next.sigma) * inverseScale(level.sigma, next.sigma, 1);
          const span = (level.sigma - beforeLast!) / 2;
          terms.push([weight / span, slope], [-weight / span, last.slope]);
        }
      }
      const deviation = Math.sqrt(Math.max(next.sigma ** 2 - (level.sigma * keep) ** 2, 0));
      current = combine([keep, current], ...terms, [deviation, noise.normal()]);
    }
    beforeLast = last?.sigma;
    last = slope === undefined ? { sigma: level.sigma, clean } : { sigma: level.sigma, clean, slope };
    yield current;
  }
};

/** The integral of (u - from)^power / scale(u) from `to` up to `from`, over log u, where it is smooth. */
function inverseScale(from: number, to: number, power: 0 | 1): number {
  return integral(
    (logU) => {
      const u = Math.exp(logU);
      return ((u - from) ** power * u) / scale(u);
    },
    Math.log(to),
    Math.log(from),
  );
}
