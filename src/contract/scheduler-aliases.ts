import type { Endpoint } from './endpoints.ts';

/**
 * Other libraries' names that public clients send as `scheduler`, where there is only one it can mean: the
 * classes of diffusers, and the functions of k-diffusion without their `sample_`. Not here, because they
 * could mean several or none: the KDPM2 classes (with or without Karras sigmas), `dpmpp_sde_ancestral` (not a
 * method of any library), `normal` (a spacing, not a method).
 */
export const schedulerAliases: Readonly<Record<Endpoint, Readonly<Record<string, string>>>> = {
  'sdxl-torch': {
    DDIMScheduler: 'DDIM',
    DDPMScheduler: 'DDPM',
    DPMSolverMultistepScheduler: 'DPM Multi',
    DPMSolverSinglestepScheduler: 'DPM Single',
    EulerAncestralDiscreteScheduler: 'Euler a',
    EulerDiscreteScheduler: 'Euler',
    HeunDiscreteScheduler: 'Heun',
    LMSDiscreteScheduler: 'LMS',
    PNDMScheduler: 'PNDM',
    UniPCMultistepScheduler: 'UniPC',
    euler: 'Euler',
    euler_ancestral: 'Euler a',
    heun: 'Heun',
    lms: 'LMS',
    // diffusers documents DPMSolverMultistepScheduler as k-diffusion's DPM++ 2M.
    dpmpp_2m: 'DPM Multi',
  },
  'sdxl-img2img': {
    EulerAncestralDiscreteScheduler: 'Euler a',
    EulerDiscreteScheduler: 'Euler',
    HeunDiscreteScheduler: 'Heun',
    LMSDiscreteScheduler: 'LMS',
    UniPCMultistepScheduler: 'UniPC',
    euler: 'Euler',
    euler_ancestral: 'Euler a',
    heun: 'Heun',
    lms: 'LMS',
    dpm_2: 'DPM2',
    dpm_2_ancestral: 'DPM2 a',
    dpm_fast: 'DPM fast',
    dpm_adaptive: 'DPM adaptive',
    dpmpp_2s_ancestral: 'DPM++ 2S a',
    dpmpp_sde: 'DPM++ SDE',
    dpmpp_2m: 'DPM++ 2M',
    dpmpp_2m_sde: 'DPM++ 2M SDE',
    dpmpp_3m_sde: 'DPM++ 3M SDE',
  },
};

/** The body with a known alias in `scheduler` replaced; anything else stays as it came. */
export function withSchedulerName(endpoint: Endpoint, raw: unknown): unknown {
  const name = (raw as { scheduler?: unknown } | null | undefined)?.scheduler;
  const aliases = schedulerAliases[endpoint];
  if (typeof name !== 'string' || !Object.hasOwn(aliases, name)) return raw;
  return { ...(raw as object), scheduler: aliases[name] };
}
