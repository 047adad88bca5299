/** Where an ancestral step goes without noise, and the noise that lifts it to the next level. */
export interface AncestralStep {
  readonly down: number;
  readonly up: number;
}

/**
 * Splits the way from `sigma` to `sigmaNext` so that down^2 + up^2 = sigmaNext^2 (DDPM's posterior variance
 * at eta 1, no noise at eta 0).
 */
export function ancestralStep(sigma: number, sigmaNext: number, eta = 1): AncestralStep {
  const up = Math.min(sigmaNext, eta * sigmaNext * Math.sqrt(1 - (sigmaNext / sigma) ** 2));
  return { down: Math.sqrt(sigmaNext ** 2 - up ** 2), up };
}
