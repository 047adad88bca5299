import { type ContinuousLevels, continuousLevels } from './continuous-levels.ts';

/** A checkpoint's parsed scheduler_config.json, keys as published; see also requireKnownScheduler. */
export type SchedulerConfig = Readonly<Record<string, unknown>>;

/** What the network's output is: the noise, the velocity of Salimans & Ho 2022, or the clean latents. */
export type PredictionType = 'epsilon' | 'v_prediction' | 'sample';

/** Table 2 of Lin et al. 2023, "Common Diffusion Noise Schedules and Sample Steps are Flawed". */
export type TimestepSpacing = 'leading' | 'trailing' | 'linspace';

export type BetaSchedule = 'linear' | 'scaled_linear' | 'squaredcos_cap_v2';

/** The settings of a scheduler_config.json that the schedulers read, with diffusers' defaults filled in. */
export interface SchedulerSettings {
  readonly trainSteps: number;
  readonly betaStart: number;
  readonly betaEnd: number;
  readonly betaSchedule: BetaSchedule;
  /** Given betas instead of a schedule, one per training timestep. */
  readonly trainedBetas: readonly number[] | undefined;
  readonly rescaleBetasZeroSnr: boolean;
  readonly predictionType: PredictionType;
  /** undefined where the checkpoint leaves it to the scheduler class. */
  readonly timestepSpacing: TimestepSpacing | undefined;
  readonly stepsOffset: number;
  /**
   * DDIM, PNDM: end at zero noise instead of the first training timestep's; undefined leaves it to the class.
   */
  readonly setAlphaToOne: boolean | undefined;
  /**
   * PNDM: start with an improved Euler step instead of three Runge-Kutta steps. Skipped unless the checkpoint
   * says false.
   */
  readonly skipPrkSteps: boolean;
  /**
   * Where the sigma-based classes and the DPM solvers end: at zero noise or the first training timestep's.
   */
  readonly finalSigmasType: 'zero' | 'sigma_min';
  /**
   * How the classes that know the key space their sigmas; the grid of timestep_spacing where none is asked.
   */
  readonly sigmaSpacing: 'grid' | 'karras' | 'exponential';
  /**
   * Where runs begin, below the last training timestep, as networks distilled to one step want it; not a key
   * of diffusers, whose pipelines are told `timesteps`. undefined: at the last.
   */
  readonly firstTimestep: number | undefined;
  /** Of a network trained on a continuum of levels; undefined where it was trained on a table. */
  readonly continuous: ContinuousLevels | undefined;
}

/** @throws Error naming the key and its value where one is not what diffusers' schedulers accept. */
export function schedulerSettings(config: SchedulerConfig): SchedulerSettings {
  const trainedBetas = numbers(config, 'trained_betas');
  const trainSteps =
    trainedBetas?.length ??
    number(config, 'num_train_timesteps', 1000, 'a whole number from 2 to 100000', isCount);
  return {
    trainSteps,
    betaStart: number(config, 'beta_start', 0.0001, 'a number between 0 and 1', isBeta),
    betaEnd: number(config, 'beta_end', 0.02, 'a number between 0 and 1', isBeta),
    betaSchedule: choice(config, 'beta_schedule', ['linear', 'scaled_linear', 'squaredcos_cap_v2'], 'linear'),
    trainedBetas,
    rescaleBetasZeroSnr: boolean(config, 'rescale_betas_zero_snr', false),
    predictionType: choice(config, 'prediction_type', predictionsOf(config), 'epsilon'),
    timestepSpacing: choice<TimestepSpacing, undefined>(
      config,
      'timestep_spacing',
      ['leading', 'trailing', 'linspace'],
      undefined,
    ),
    stepsOffset: number(config, 'steps_offset', 0, 'a whole number from 0', isOffset),
    setAlphaToOne: boolean(config, 'set_alpha_to_one', undefined),
    skipPrkSteps: boolean(config, 'skip_prk_steps', true),
    finalSigmasType: choice(config, 'final_sigmas_type', ['zero', 'sigma_min'], 'zero'),
    sigmaSpacing: sigmaSpacing(config),
    firstTimestep: firstTimestep(config, trainSteps),
    continuous: continuousLevels(config),
  };
}

/**
 * Continuous levels have a preconditioning of their own, which no network of clean latents was trained with.
 */
function predictionsOf(config: SchedulerConfig): readonly PredictionType[] {
  const predictions = ['epsilon', 'v_prediction'] as const;
  return continuousLevels(config) === undefined ? [...predictions, 'sample'] : predictions;
}

function sigmaSpacing(config: SchedulerConfig): SchedulerSettings['sigmaSpacing'] {
  const karras = boolean(config, 'use_karras_sigmas', false);
  const exponential = boolean(config, 'use_exponential_sigmas', false);
  if (karras && exponential)
    throw new Error(
      'scheduler_config.json: use_karras_sigmas and use_exponential_sigmas contradict each other',
    );
  return karras ? 'karras' : exponential ? 'exponential' : 'grid';
}

function firstTimestep(config: SchedulerConfig, trainSteps: number): number | undefined {
  if ((config.first_timestep ?? undefined) === undefined) return undefined;
  const isInside = (value: number) => Number.isInteger(value) && value >= 1 && value < trainSteps;
  return number(config, 'first_timestep', 0, `a whole number from 1 to ${trainSteps - 1}`, isInside);
}

/** A table of more would be made before anything refuses it; SDXL has 1,000. */
const mostTrainSteps = 100_000;
const isCount = (value: number) => Number.isInteger(value) && value >= 2 && value <= mostTrainSteps;
const isOffset = (value: number) => Number.isInteger(value) && value >= 0;
const isBeta = (value: number) => value > 0 && value < 1;

function refuse(key: string, value: unknown, expected: string): never {
  throw new Error(`scheduler_config.json: ${key} is ${JSON.stringify(value)}, expected ${expected}`);
}

function number(
  config: SchedulerConfig,
  key: string,
  fallback: number,
  expected: string,
  accepts: (value: number) => boolean,
): number {
  const value = config[key] ?? fallback;
  return typeof value === 'number' && accepts(value) ? value : refuse(key, value, expected);
}

function boolean<Fallback extends boolean | undefined>(
  config: SchedulerConfig,
  key: string,
  fallback: Fallback,
): boolean | Fallback {
  const value = config[key] ?? fallback;
  if (value === undefined) return fallback;
  return typeof value === 'boolean' ? value : refuse(key, value, 'true or false');
}

function choice<Value extends string, Fallback extends Value | undefined>(
  config: SchedulerConfig,
  key: string,
  values: readonly Value[],
  fallback: Fallback,
): Value | Fallback {
  const value = config[key] ?? fallback;
  if (value === undefined) return fallback;
  const found = values.find((candidate) => candidate === value);
  return found ?? refuse(key, value, values.map((candidate) => `"${candidate}"`).join(' or '));
}

function numbers(config: SchedulerConfig, key: string): readonly number[] | undefined {
  const value = config[key] ?? undefined;
  if (value === undefined) return undefined;
  const isList = Array.isArray(value) && isCount(value.length) && value.every((beta) => isBeta(Number(beta)));
  return isList ? value.map(Number) : refuse(key, value, 'a list of numbers between 0 and 1');
}
