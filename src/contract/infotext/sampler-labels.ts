import { composedParts } from '../../schedulers/samplers.ts';
import type { Endpoint } from '../endpoints.ts';

/**
 * What A1111 calls solvers and the spacings of their noise levels (modules/sd_samplers*.py,
 * sd_schedulers.py).
 */

/** Our names of samplers on the left; those that A1111 lacks keep their own. */
export const samplerLabels: Readonly<Record<string, string>> = {
  euler: 'Euler',
  euler_ancestral: 'Euler a',
  heun: 'Heun',
  dpm_2: 'DPM2',
  dpm_2_ancestral: 'DPM2 a',
  lms: 'LMS',
  dpm_fast: 'DPM fast',
  dpm_adaptive: 'DPM adaptive',
  dpmpp_2s_ancestral: 'DPM++ 2S a',
  dpmpp_2s: 'DPM++ 2S',
  dpmpp_sde: 'DPM++ SDE',
  dpmpp_2m: 'DPM++ 2M',
  dpmpp_2m_sde: 'DPM++ 2M SDE',
  dpmpp_2m_sde_heun: 'DPM++ 2M SDE Heun',
  dpmpp_3m_sde: 'DPM++ 3M SDE',
  restart: 'Restart',
  ddim: 'DDIM',
  ddpm: 'DDPM',
  pndm: 'PLMS',
  unipc: 'UniPC',
  lcm: 'LCM',
};

/** Our names of schedules on the left. `Uniform` is k-diffusion's get_sigmas there. */
export const scheduleLabels: Readonly<Record<string, string>> = {
  normal: 'Uniform',
  karras: 'Karras',
  exponential: 'Exponential',
  sgm_uniform: 'SGM Uniform',
  simple: 'Simple',
  ddim_uniform: 'DDIM',
  beta: 'Beta',
  linear_quadratic: 'Linear Quadratic',
  kl_optimal: 'KL Optimal',
  align_your_steps: 'Align Your Steps',
  turbo: 'Turbo',
};

export interface Labels {
  readonly sampler: string;
  /** Absent where A1111 has no word for it. */
  readonly scheduleType?: string;
  /** What the labels stand for to the bit. */
  readonly scheduler: string;
}

/** Methods of sdxl-torch under A1111's names; the others have the same. */
const published: Readonly<Record<string, string>> = {
  'DPM Multi': 'DPM++ 2M',
  'DPM Single': 'DPM++ 2S',
  PNDM: 'PLMS',
};

/** Samplers of A1111 that bring their own timesteps. */
const timestepSamplers = ['DDIM', 'PLMS', 'UniPC'];

/** @param scheduler a published name, or a sampler's and a schedule's with a blank between. */
export function labelsOf(endpoint: Endpoint, scheduler: string): Labels {
  const parts = composedParts(scheduler);
  if (parts !== undefined) {
    const [sampler, schedule] = parts;
    const scheduleType = scheduleLabels[schedule];
    return { sampler: samplerLabels[sampler] ?? sampler, ...(scheduleType && { scheduleType }), scheduler };
  }
  const [, method = scheduler, spacing] = /^(.+?)(?: (Karras|Exponential))?$/.exec(scheduler)!;
  if (spacing !== undefined) return { sampler: method, scheduleType: spacing, scheduler };
  if (endpoint === 'sdxl-torch') return { sampler: published[method] ?? method, scheduler };
  if (method === 'Restart') return { sampler: method, scheduleType: 'Karras', scheduler };
  return {
    ...{ sampler: method, scheduler },
    scheduleType: timestepSamplers.includes(method) ? 'Automatic' : 'Uniform',
  };
}
