import type { Term } from '../../../numerics/combine.ts';
import type { Solver } from '../../scheduler.ts';
import { dpmppMultistepSde, type Seen } from './dpmpp-multistep-sde.ts';

/**
 * DPM-Solver++(3M) SDE, k-diffusion's sample_dpmpp_3m_sde at eta 1: as 2M SDE with the first and second
 * derivative of the clean latents from the last three, of lower order while history is short.
 */
export function dpmpp3mSde({ eta = 1 }: { readonly eta?: number } = {}): Solver {
  return dpmppMultistepSde(eta, ({ latents, reached, ...now }, history) => [
    [1 - reached, latents],
    [reached, now.clean],
    ...corrections(now, history, eta),
  ]);
}

/** The terms phi2 * d1 - phi3 * d2 of the exponential integrator, d1 and d2 by divided differences. */
function corrections(now: Seen, [last, older]: readonly Seen[], eta: number): Term[] {
  if (last === undefined) return [];
  const h = (1 + eta) * now.logStep;
  const phi2 = Math.expm1(-h) / h + 1;
  const lastRatio = last.logStep / now.logStep;
  if (older === undefined) {
    return [
      [phi2 / lastRatio, now.clean],
      [-phi2 / lastRatio, last.clean],
    ];
  }
  const phi3 = phi2 / h - 0.5;
  const olderRatio = older.logStep / now.logStep;
  const sum = lastRatio + olderRatio;
  // Weights of the newer and the older first difference in phi2 * d1 - phi3 * d2.
  const newer = (phi2 * (1 + lastRatio / sum) - phi3 / sum) / lastRatio;
  const old = (phi3 / sum - (phi2 * lastRatio) / sum) / olderRatio;
  return [
    [newer, now.clean],
    [old - newer, last.clean],
    [-old, older.clean],
  ];
}
