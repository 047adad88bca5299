import type { ContinuousLevels } from './continuous-levels.ts';
import type { PredictionType } from './scheduler-config.ts';

/** How a network is fed and read at one level: clean = skip * latents + output * network(input * latents). */
export interface Preconditioning {
  readonly input: number;
  readonly skip: number;
  readonly output: number;
}

/**
 * Of a network that predicts noise, velocity or the clean latents themselves (SDXL-Lightning's of one step),
 * at latents = clean + sigma * noise scaled to unit variance; of a continuous one as Karras et al. 2022,
 * table 1, where a velocity has the other sign (precondition_outputs of EDMEulerScheduler, diffusers 0.42.1).
 */
export function preconditioning(
  sigma: number,
  predictionType: PredictionType,
  continuous: ContinuousLevels | undefined,
): Preconditioning {
  const data = continuous?.sigmaData ?? 1;
  const total = sigma * sigma + data * data;
  const input = 1 / Math.sqrt(total);
  if (predictionType === 'sample') return { input, skip: 0, output: 1 };
  const isVelocity = predictionType === 'v_prediction';
  if (continuous === undefined && !isVelocity) return { input, skip: 1, output: -sigma };
  const output = (sigma * data) / Math.sqrt(total);
  return { input, skip: (data * data) / total, output: isVelocity ? -output : output };
}
