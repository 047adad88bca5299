import { combine, type Term } from '../../numerics/combine.ts';
import type { Denoise, NoiseLevel, Solver } from '../scheduler.ts';
import { stepsOf } from './steps.ts';

/** Adams-Bashforth weights for even steps, newest first, by how many predictions there are. */
const adamsBashforth = [
  [1],
  [3 / 2, -1 / 2],
  [23 / 12, -16 / 12, 5 / 12],
  [55 / 24, -59 / 24, 37 / 24, -9 / 24],
] as const;

/**
 * Pseudo linear multistep (Liu et al. 2022, "Pseudo Numerical Methods for Diffusion Models on Manifolds"):
 * the noise of the last four evaluations is combined and carried over by DDIM's transfer, which over latents
 * / sqrt(alpha bar) is latents + (sigma' - sigma) * noise. History counts from entry: the first step is an
 * improved Euler step (two evaluations), or the first three are Runge-Kutta steps (four evaluations each)
 * where the schedule gives the level half-way, as diffusers with skip_prk_steps true and false. Without the
 * half-way levels it is also CompVis' and A1111's PLMS.
 */
export const pndm: Solver = async function* (denoise, latents, schedule) {
  const past: Float32Array[] = [];
  let current = latents;
  for (const { level, next } of stepsOf(schedule)) {
    const change = next.sigma - level.sigma;
    const noise = await noiseAt(denoise, current, level);
    if (schedule.halfway && past.length < 3) {
      const middle = schedule.halfway(level, next);
      current = await rungeKutta(denoise, current, noise, level, middle, next);
    } else if (past.length === 0 && next.sigma > 0) {
      const ahead = combine([1, current], [change, noise]);
      const noiseAhead = await noiseAt(denoise, ahead, next);
      current = combine([1, current], [change / 2, noise], [change / 2, noiseAhead]);
    } else {
      const weights = adamsBashforth[past.length]!;
      const terms = [noise, ...past].map((term, j): Term => [change * weights[j]!, term]);
      current = combine([1, current], ...terms);
    }
    past.unshift(noise);
    past.length = Math.min(past.length, 3);
    yield current;
  }
};

async function noiseAt(denoise: Denoise, latents: Float32Array, level: NoiseLevel): Promise<Float32Array> {
  const clean = await denoise(latents, level);
  return combine([1 / level.sigma, latents], [-1 / level.sigma, clean]);
}

/** The classical fourth-order step from `level` to `next` with its two inner evaluations at `middle`. */
async function rungeKutta(
  denoise: Denoise,
  latents: Float32Array,
  noise: Float32Array,
  level: NoiseLevel,
  middle: NoiseLevel,
  next: NoiseLevel,
): Promise<Float32Array> {
  const half = middle.sigma - level.sigma;
  const whole = next.sigma - level.sigma;
  const second = await noiseAt(denoise, combine([1, latents], [half, noise]), middle);
  const third = await noiseAt(denoise, combine([1, latents], [half, second]), middle);
  const fourth = await noiseAt(denoise, combine([1, latents], [whole, third]), next);
  return combine(
    [1, latents],
    [whole / 6, noise],
    [whole / 3, second],
    [whole / 3, third],
    [whole / 6, fourth],
  );
}
