import { combine } from '../../numerics/combine.ts';
import type { Solver } from '../scheduler.ts';
import { brownianNoise } from './brownian-noise.ts';

/**
 * DPM-Solver++(2M) SDE, k-diffusion's sample_dpmpp_2m_sde at eta 1: the exact solution of the linear part of
 * the diffusion SDE with the clean latents extrapolated from the last two; `variant` is the quadrature of the
 * slope. The step to zero gives the clean latents themselves.
 */
export function dpmpp2mSde(
  variant: 'midpoint' | 'heun',
  { eta = 1 }: { readonly eta?: number } = {},
): Solver {
  return async function* (denoise, latents, schedule, noise) {
    const { levels, begin, end } = schedule;
    const brownian = brownianNoise(schedule, noise);
    let x = latents;
    let previous: { clean: Float32Array; logStep: number } | undefined;
    for (let i = begin; i < end; i++) {
      const { sigma } = levels[i]!;
      const sigmaNext = levels[i + 1]!.sigma;
      const clean = await denoise(x, levels[i]!);
      if (sigmaNext === 0) {
        x = clean;
      } else {
        const logStep = Math.log(sigma / sigmaNext);
        const reached = -Math.expm1(-(1 + eta) * logStep);
        const quadrature = variant === 'heun' ? 1 - reached / ((1 + eta) * logStep) : 0.5 * reached;
        const slope = previous ? (quadrature * logStep) / previous.logStep : 0;
        x = combine(
          [(sigmaNext / sigma) ** (1 + eta), x],
          [reached + slope, clean],
          [-slope, previous?.clean ?? clean],
          [sigmaNext * Math.sqrt(-Math.expm1(-2 * eta * logStep)), brownian(sigma, sigmaNext)],
        );
        previous = { clean, logStep };
      }
      yield x;
    }
  };
}
