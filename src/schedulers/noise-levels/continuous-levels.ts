import { linspaceFloat32 } from '../../numerics/linspace.ts';

/** The noise levels of a network trained on a continuum of them (EDM, Karras et al. 2022). */
export interface ContinuousLevels {
  readonly sigmaMin: number;
  readonly sigmaMax: number;
  /** Standard deviation of the clean latents, in the preconditioning of table 1. */
  readonly sigmaData: number;
  /** How a run spaces its levels: eq. 5 with exponent rho, or evenly in log sigma. */
  readonly spacing: 'karras' | 'exponential';
  readonly rho: number;
}

const classes = ['EDMEulerScheduler', 'EDMDPMSolverMultistepScheduler'];

/**
 * The levels that a scheduler_config.json of an EDM class describes, absent keys as the constructors of
 * EDMEulerScheduler and EDMDPMSolverMultistepScheduler in diffusers 0.42.1 have them.
 * @returns undefined for every other class.
 * @throws Error naming the key and its value where one is not usable.
 */
export function continuousLevels(config: Readonly<Record<string, unknown>>): ContinuousLevels | undefined {
  if (!classes.includes(String(config._class_name))) return undefined;
  const number = (key: string, fallback: number): number => {
    const value = config[key] ?? fallback;
    if (typeof value !== 'number' || !Number.isFinite(value) || value <= 0)
      throw new Error(
        `scheduler_config.json: ${key} is ${JSON.stringify(value)}, expected a number above zero`,
      );
    return value;
  };
  const spacing = config.sigma_schedule ?? 'karras';
  if (spacing !== 'karras' && spacing !== 'exponential')
    throw new Error(
      `scheduler_config.json: sigma_schedule is ${JSON.stringify(spacing)}, expected "karras" or "exponential"`,
    );
  const levels: ContinuousLevels = {
    sigmaMin: number('sigma_min', 0.002),
    sigmaMax: number('sigma_max', 80),
    sigmaData: number('sigma_data', 0.5),
    spacing,
    rho: number('rho', 7),
  };
  if (levels.sigmaMin >= levels.sigmaMax)
    throw new Error(
      `scheduler_config.json: sigma_min is ${levels.sigmaMin}, expected less than sigma_max ${levels.sigmaMax}`,
    );
  return levels;
}

/** What the network is told of a level: c_noise of Karras et al. 2022, table 1. */
export function continuousTimestep(sigma: number): number {
  return Math.fround(0.25 * Math.log(Math.fround(sigma)));
}

/**
 * A table for schedules that walk one: `count` levels from the least to the most noise, even in log sigma.
 */
export function continuousTable({ sigmaMin, sigmaMax }: ContinuousLevels, count: number): Float32Array {
  return linspaceFloat32(Math.log(sigmaMin), Math.log(sigmaMax), count).map(Math.exp);
}
