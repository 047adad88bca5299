import type { Solver } from '../../scheduler.ts';
import { dpmppMultistepSde } from './dpmpp-multistep-sde.ts';

/**
 * DPM-Solver++(2M) SDE, k-diffusion's sample_dpmpp_2m_sde at eta 1: the clean latents extrapolated from the
 * last two; `variant` is the quadrature of the slope.
 */
export function dpmpp2mSde(
  variant: 'midpoint' | 'heun',
  { eta = 1 }: { readonly eta?: number } = {},
): Solver {
  return dpmppMultistepSde(eta, ({ latents, clean, sigma, sigmaNext, logStep, reached }, [previous]) => {
    const quadrature = variant === 'heun' ? 1 - reached / ((1 + eta) * logStep) : 0.5 * reached;
    const slope = previous ? (quadrature * logStep) / previous.logStep : 0;
    return [
      [(sigmaNext / sigma) ** (1 + eta), latents],
      [reached + slope, clean],
      [-slope, previous?.clean ?? clean],
    ];
  });
}
