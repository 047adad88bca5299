import { linspaceFloat32 } from '../../numerics/linspace.ts';
import type { SchedulerSettings } from './scheduler-config.ts';

const f32 = Math.fround;

/** The variances added per training timestep, rounded as torch's float32 tensors. */
export function trainingBetas(settings: SchedulerSettings): Float32Array {
  const { betaStart, betaEnd, betaSchedule, trainSteps, trainedBetas } = settings;
  if (trainedBetas !== undefined) return Float32Array.from(trainedBetas);
  if (betaSchedule === 'linear') return linspaceFloat32(betaStart, betaEnd, trainSteps);
  if (betaSchedule === 'scaled_linear') {
    return linspaceFloat32(Math.sqrt(betaStart), Math.sqrt(betaEnd), trainSteps).map((root) => root * root);
  }
  return cosineBetas(trainSteps);
}

/** Nichol & Dhariwal 2021, eq. 17, with betas at most 0.999. */
function cosineBetas(trainSteps: number): Float32Array {
  const alphaBar = (time: number) => Math.cos((((time + 0.008) / 1.008) * Math.PI) / 2) ** 2;
  return Float32Array.from({ length: trainSteps }, (_, i) =>
    Math.min(1 - alphaBar((i + 1) / trainSteps) / alphaBar(i / trainSteps), 0.999),
  );
}

/**
 * The running product of 1 - beta, accumulated in float64 and stored as float32 as torch's cumprod on the
 * CPU.
 */
export function cumulativeAlphas(betas: Float32Array): Float32Array {
  const alphas = new Float32Array(betas.length);
  let product = 1;
  for (let i = 0; i < betas.length; i++) {
    product *= f32(1 - betas[i]!);
    alphas[i] = product;
  }
  return alphas;
}

/** Lin et al. 2023, Algorithm 1: betas whose last training timestep carries no signal. */
export function rescaleZeroTerminalSnr(betas: Float32Array): Float32Array {
  const roots = cumulativeAlphas(betas).map(Math.sqrt);
  const first = roots[0]!;
  const last = roots.at(-1)!;
  const stretch = f32(first / f32(first - last));
  const alphas = roots.map((root) => {
    const shifted = f32(f32(root - last) * stretch);
    return shifted * shifted;
  });
  return alphas.map((alpha, i) => 1 - f32(i === 0 ? alpha : alpha / alphas[i - 1]!));
}
