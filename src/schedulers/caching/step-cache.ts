import type { NoiseLevel } from '../scheduler.ts';

/**
 * What a denoiser predicts at a point, as noise: (latents - clean) / sigma. One array; two where guided and
 * unguided predictions are read apart, the guided first.
 */
export type PredictedNoise = readonly Float32Array[];

/** Stands in for some evaluations of one sample's network, of whose inside it knows nothing. */
export interface StepCache {
  /** Asked once before each evaluation. @returns undefined where the network has to be asked. */
  predict(latents: Float32Array, level: NoiseLevel): PredictedNoise | undefined;
  /** Hears what the network has predicted. */
  computed(latents: Float32Array, level: NoiseLevel, noise: PredictedNoise): void;
  /** What was heard is of another network or another guidance than what comes. */
  forget(): void;
}
