import type { Solver } from './scheduler.ts';
import type { ChurnOptions } from './solvers/churn.ts';

/** What a request may set of a solver that has it. */
export interface SolverOptions extends ChurnOptions {
  /** Share of new noise in a step: 0 is none, 1 the ancestral or SDE method; TCD's gamma, SA-Solver's tau. */
  readonly eta?: number;
  /** Factor of the noise that is added. */
  readonly sNoise?: number;
}

/** The solver with all noise it adds multiplied by a factor. */
export function withNoiseFactor(solver: Solver, factor: number): Solver {
  const times = (values: Float32Array) => values.map((value) => factor * value);
  return (denoise, latents, schedule, noise) =>
    solver(denoise, latents, schedule, {
      normal: () => times(noise.normal()),
      brownian: (least, most) => {
        const path = noise.brownian(least, most);
        return (sigma, sigmaNext) => times(path(sigma, sigmaNext));
      },
    });
}
