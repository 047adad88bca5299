import { combine, type Term } from '../../numerics/combine.ts';
import type { Solver } from '../scheduler.ts';
import { adamsBashforth } from './adams-bashforth.ts';
import { stepsOf } from './steps.ts';

/** Derivatives that enter a step, the newest included. */
const maxOrder = 4;

/**
 * Improved PNDM (Zhang & Chen 2023, "Fast Sampling of Diffusion Models with Exponential Integrator", section
 * 3.3; Zhou et al. 2024, diff-sampler): Adams-Bashforth over the last four derivatives without a start of
 * several evaluations; the step to zero noise takes the clean latents. `even` takes the weights of even steps
 * for any (iPNDM), `uneven` those of the steps as they are (iPNDM_V). History counts from entry.
 */
export function ipndm(spacing: 'even' | 'uneven'): Solver {
  return async function* (denoise, latents, schedule) {
    const history: { readonly sigma: number; readonly derivative: Float32Array }[] = [];
    let current = latents;
    for (const { level, next } of stepsOf(schedule)) {
      const clean = await denoise(current, level);
      const derivative = combine([1 / level.sigma, current], [-1 / level.sigma, clean]);
      history.unshift({ sigma: level.sigma, derivative });
      if (history.length > maxOrder) history.pop();
      if (next.sigma === 0) {
        current = clean.slice();
      } else {
        const nodes = spacing === 'even' ? history.map((_, k) => -k) : history.map(({ sigma }) => sigma);
        const [from, to] = spacing === 'even' ? [0, 1] : [level.sigma, next.sigma];
        const scale = spacing === 'even' ? next.sigma - level.sigma : 1;
        const terms = history.map(
          (past, j): Term => [scale * adamsBashforth(nodes, j, from, to), past.derivative],
        );
        current = combine([1, current], ...terms);
      }
      yield current;
    }
  };
}
