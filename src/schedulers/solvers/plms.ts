import { combine, type Term } from '../../numerics/combine.ts';
import type { Solver } from '../scheduler.ts';

/** Adams-Bashforth weights of the newest and the older noise predictions, by how many older ones there are. */
const weights = [
  [1],
  [3 / 2, -1 / 2],
  [23 / 12, -16 / 12, 5 / 12],
  [55 / 24, -59 / 24, 37 / 24, -9 / 24],
] as const;

/**
 * Pseudo linear multistep (Liu et al. 2022, "Pseudo Numerical Methods", PLMS) as A1111's sampler: the DDIM
 * transfer x' = x + (sigma' - sigma) * noise with the noise from Adams-Bashforth weights of up to order four;
 * the first step averages the predictions at both its ends, one further model call.
 */
export const plms: Solver = async function* (denoise, latents, { levels, begin, end }) {
  let x = latents;
  const history: Float32Array[] = [];
  for (let i = begin; i < end; i++) {
    const level = levels[i]!;
    const next = levels[i + 1]!;
    const change = next.sigma - level.sigma;
    const clean = await denoise(x, level);
    const noise = combine([1 / level.sigma, x], [-1 / level.sigma, clean]);
    if (history.length === 0 && next.sigma > 0) {
      const euler = combine([1, x], [change, noise]);
      const cleanNext = await denoise(euler, next);
      const noiseNext = combine([1 / next.sigma, euler], [-1 / next.sigma, cleanNext]);
      x = combine([1, x], [change / 2, noise], [change / 2, noiseNext]);
    } else {
      const predictions = [noise, ...history];
      const terms = weights[history.length]!.map((weight, j): Term => [change * weight, predictions[j]!]);
      x = combine([1, x], ...terms);
    }
    history.unshift(noise);
    history.length = Math.min(history.length, 3);
    yield x;
  }
};
