import { combine } from '../../numerics/combine.ts';
import type { Denoise, Estimates, NoiseLevel, Solver } from '../scheduler.ts';
import { stepsOf } from './steps.ts';

/**
 * CFG++ (Chung et al. 2024, "CFG++: Manifold-constrained Classifier Free Guidance for Diffusion Models"): the
 * guided prediction is where a step leads, the unguided one says which noise is put back. The guidance scale
 * is the paper's lambda, 0 ... 1. Where there is no guidance to take apart both are the same.
 */
async function estimates(denoise: Denoise, latents: Float32Array, level: NoiseLevel): Promise<Estimates> {
  if (denoise.apart !== undefined) return await denoise.apart(latents, level);
  const clean = await denoise(latents, level);
  return { guided: clean, unguided: clean };
}

/** Euler with CFG++, ComfyUI's euler_cfg_pp: the paper's Algorithm 2 over latents / alpha. */
export const eulerCfgPlusPlus: Solver = async function* (denoise, latents, schedule) {
  let current = latents;
  for (const { level, next } of stepsOf(schedule)) {
    const { guided, unguided } = await estimates(denoise, current, level);
    const keep = next.sigma / level.sigma;
    current = next.sigma === 0 ? guided.slice() : combine([keep, current], [1, guided], [-keep, unguided]);
    yield current;
  }
};

/**
 * DPM-Solver++(2M) with CFG++, ComfyUI's dpmpp_2m_cfg_pp and its authors' dpm++_2m_cfg++: the second-order
 * term goes from the last unguided prediction to the new guided one. History counts from entry.
 */
export const dpmpp2mCfgPlusPlus: Solver = async function* (denoise, latents, schedule) {
  let current = latents;
  let last: { readonly unguided: Float32Array; readonly step: number } | undefined;
  for (const { level, next } of stepsOf(schedule)) {
    const { guided, unguided } = await estimates(denoise, current, level);
    const keep = next.sigma / level.sigma;
    const step = Math.log(level.sigma / next.sigma);
    if (next.sigma === 0) {
      current = guided.slice();
    } else {
      const slope = last === undefined ? 0 : ((1 - keep) * step) / (2 * last.step);
      current = combine(
        [keep, current],
        [1 + slope, guided],
        [-keep, unguided],
        [-slope, (last ?? { unguided }).unguided],
      );
    }
    last = { unguided, step };
    yield current;
  }
};
