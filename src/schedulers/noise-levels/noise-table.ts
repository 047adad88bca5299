import type { NoiseLevel } from '../scheduler.ts';
import { cumulativeAlphas, rescaleZeroTerminalSnr, trainingBetas } from './betas.ts';
import { continuousTable, continuousTimestep } from './continuous-levels.ts';
import { type Preconditioning, preconditioning } from './preconditioning.ts';
import {
  type PredictionType,
  type SchedulerConfig,
  type SchedulerSettings,
  schedulerSettings,
  type TimestepSpacing,
} from './scheduler-config.ts';

/**
 * The noise levels a network was trained on, and the way between sigma and timestep. A network trained on a
 * continuum has a table of even logarithms instead, for schedules that walk one, and timesteps of its own.
 */
export interface NoiseTable extends SchedulerSettings {
  /** Share of signal variance left per training timestep (alpha bar). */
  readonly cumulativeAlphas: Float32Array;
  /** Noise over signal per training timestep, rising: sqrt((1 - alpha bar) / alpha bar). */
  readonly sigmas: Float32Array;
  readonly logSigmas: Float32Array;
  /** Linear interpolation in sigma at a fractional timestep (diffusers' grids). */
  sigmaAt(timestep: number): number;
  /** Fractional timestep of any sigma, linear in log sigma, clamped to the table. */
  timestepAt(sigma: number): number;
  /**
   * Place of any sigma in the table, linear in log sigma, clamped to its ends: the timestep of a trained one.
   */
  placeOf(sigma: number): number;
  /** `sigma` with its fractional timestep. */
  levelAt(sigma: number): NoiseLevel;
  /** How the network is fed and read at a level. */
  preconditioningAt(sigma: number): Preconditioning;
}

/**
 * Zero terminal SNR means an infinite last sigma; as diffusers' sigma-based classes this keeps the smallest
 * float16 in its place.
 */
const smallestAlpha = 2 ** -24;

/**
 * The training table behind a checkpoint's scheduler_config.json, in the float32 steps of diffusers 0.42
 * (products of a thousand factors in float64, stored as float32).
 * @throws Error naming a key whose value is not usable.
 */
export function noiseTable(config: SchedulerConfig): NoiseTable {
  const settings = schedulerSettings(config);
  const { continuous, predictionType } = settings;
  if (continuous !== undefined) {
    const sigmas = continuousTable(continuous, settings.trainSteps);
    const logSigmas = sigmas.map(Math.log);
    return {
      ...settings,
      cumulativeAlphas: sigmas.map((sigma) => 1 / (sigma * sigma + 1)),
      sigmas,
      logSigmas,
      timestepAt: continuousTimestep,
      placeOf: (sigma) => interpolateTimestep(logSigmas, sigma),
      sigmaAt: (timestep) => Math.exp(4 * timestep),
      levelAt: (sigma) => ({ sigma, timestep: continuousTimestep(sigma) }),
      preconditioningAt: (sigma) => preconditioning(sigma, predictionType, continuous),
    };
  }
  const betas = trainingBetas(settings);
  const alphas = cumulativeAlphas(settings.rescaleBetasZeroSnr ? rescaleZeroTerminalSnr(betas) : betas);
  if (settings.rescaleBetasZeroSnr) alphas[alphas.length - 1] = smallestAlpha;
  return discreteTable(settings, alphas);
}

/** What may be other than a checkpoint says while a LoRA that was trained so is merged into it. */
export interface NoiseSettings {
  readonly timestepSpacing?: TimestepSpacing;
  readonly predictionType?: PredictionType;
  readonly firstTimestep?: number;
}

/**
 * The table with these settings in place of its own.
 * @throws Error where the network was trained on a continuum, which has no timesteps to begin or be spaced
 * at.
 */
export function withNoiseSettings(table: NoiseTable, settings: NoiseSettings): NoiseTable {
  if (table.continuous !== undefined)
    throw new Error('the network was trained on continuous noise levels, without timesteps');
  return discreteTable({ ...table, ...settings }, table.cumulativeAlphas);
}

/** Of levels above the first timestep nothing is left, so that every schedule begins there. */
function discreteTable(settings: SchedulerSettings, trained: Float32Array): NoiseTable {
  const { firstTimestep, predictionType } = settings;
  const alphas = firstTimestep === undefined ? trained : trained.subarray(0, firstTimestep + 1);
  const sigmas = alphas.map((alpha) => Math.sqrt(Math.fround(Math.fround(1 - alpha) / alpha)));
  const logSigmas = sigmas.map(Math.log);
  const timestepAt = (sigma: number) => interpolateTimestep(logSigmas, sigma);
  return {
    ...settings,
    trainSteps: alphas.length,
    cumulativeAlphas: alphas,
    sigmas,
    logSigmas,
    timestepAt,
    placeOf: timestepAt,
    sigmaAt: (timestep) => interpolate(sigmas, timestep),
    levelAt: (sigma) => ({ sigma, timestep: timestepAt(sigma) }),
    preconditioningAt: (sigma) => preconditioning(sigma, predictionType, undefined),
  };
}

/** Linear interpolation of a table at a fractional index, clamped to its ends. */
export function interpolate(table: Float32Array, index: number): number {
  const low = Math.min(Math.max(Math.floor(index), 0), table.length - 2);
  const weight = Math.min(Math.max(index - low, 0), 1);
  return table[low]! + weight * (table[low + 1]! - table[low]!);
}

function interpolateTimestep(logSigmas: Float32Array, sigma: number): number {
  const logSigma = Math.log(Math.max(sigma, 1e-10));
  let low = 0;
  let high = logSigmas.length - 1;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (logSigmas[middle]! <= logSigma) low = middle;
    else high = middle;
  }
  const weight = (logSigma - logSigmas[low]!) / (logSigmas[high]! - logSigmas[low]!);
  return low + Math.min(Math.max(weight, 0), 1);
}
