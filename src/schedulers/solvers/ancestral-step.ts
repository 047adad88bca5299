/** Where an ancestral step (eta 1) goes without noise, and the noise that lifts it to the next level. */
export interface AncestralStep {
  readonly down: number;
  readonly up: number;
}

/**
 * Splits the way from `sigma` to `sigmaNext` so that down^2 + up^2 = sigmaNext^2 (DDPM's posterior variance).
 */
export function ancestralStep(sigma: number, sigmaNext: number): AncestralStep {
  const up = Math.min(sigmaNext, sigmaNext * Math.sqrt(1 - (sigmaNext / sigma) ** 2));
  return { down: Math.sqrt(sigmaNext ** 2 - up ** 2), up };
}
