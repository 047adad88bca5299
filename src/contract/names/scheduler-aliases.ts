import { schedulerNames } from '../../schedulers/registry.ts';
import type { Endpoint } from '../endpoints.ts';
import { show } from '../show.ts';

type Names = Readonly<Record<string, string>>;

/**
 * Other programs' names for what clients send as `scheduler`, where there is only one it can mean: the
 * classes of diffusers (as its own table of k-diffusion's samplers has them,
 * docs/source/en/api/schedulers/overview.md, v0.35.1), the functions of k-diffusion without their `sample_`
 * (ComfyUI has the same names; its `_gpu` only says where noise is drawn), Replicate's KarrasDPM, InvokeAI's
 * `_k` for Karras sigmas. Letter case and separators do not matter, nor `K_`, `sample_`, `Scheduler` and
 * `Discrete` around a name. Not here, because they could mean several or none: the KDPM2 classes on
 * sdxl-torch (which has those methods with Karras sigmas only), `normal` and `karras` (spacings, not
 * methods), `Automatic`.
 */
export const schedulerAliases: Readonly<Record<Endpoint, Names>> = {
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
    uni_pc_bh2: 'UniPC',
    euler: 'Euler',
    euler_ancestral: 'Euler a',
    heun: 'Heun',
    lms: 'LMS',
    // diffusers documents DPMSolverMultistepScheduler as k-diffusion's DPM++ 2M.
    dpmpp_2m: 'DPM Multi',
  },
  'sdxl-img2img': {
    DDIMScheduler: 'DDIM',
    DPMSolverMultistepScheduler: 'DPM++ 2M',
    DPMSolverSDEScheduler: 'DPM++ SDE',
    EulerAncestralDiscreteScheduler: 'Euler a',
    EulerDiscreteScheduler: 'Euler',
    HeunDiscreteScheduler: 'Heun',
    KDPM2AncestralDiscreteScheduler: 'DPM2 a',
    KDPM2DiscreteScheduler: 'DPM2',
    LMSDiscreteScheduler: 'LMS',
    UniPCMultistepScheduler: 'UniPC',
    uni_pc_bh2: 'UniPC',
    KarrasDPM: 'DPM++ 2M Karras',
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
    dpmpp_sde_gpu: 'DPM++ SDE',
    dpmpp_2m: 'DPM++ 2M',
    dpmpp_2m_k: 'DPM++ 2M Karras',
    dpmpp_2m_sde: 'DPM++ 2M SDE',
    dpmpp_2m_sde_gpu: 'DPM++ 2M SDE',
    dpmpp_2m_sde_k: 'DPM++ 2M SDE Karras',
    dpmpp_3m_sde: 'DPM++ 3M SDE',
    dpmpp_3m_sde_gpu: 'DPM++ 3M SDE',
    dpmpp_sde_k: 'DPM++ SDE Karras',
    lms_k: 'LMS Karras',
    dpm_2_k: 'DPM2 Karras',
    dpm_2_ancestral_k: 'DPM2 a Karras',
  },
};

/**
 * Defaults of the older Python SDK (PyPI `segmindapi` 0.3.0) that no library has: what is meant is told by
 * the name's parts, and the client is told what was taken. DPM++ SDE is of second order with two evaluations
 * a step and new noise after each; of the twelve of sdxl-torch that is DPM2 ancestral.
 */
const nearest: Readonly<Record<Endpoint, Names>> = {
  'sdxl-torch': {
    dpmpp_sde_ancestral: 'DPM2 a Karras',
    dpmmp_sde_ancestral: 'DPM2 a Karras',
    dmpp_2m: 'DPM Multi',
  },
  'sdxl-img2img': {
    dpmpp_sde_ancestral: 'DPM++ SDE',
    dpmmp_sde_ancestral: 'DPM++ SDE',
    dmpp_2m: 'DPM++ 2M',
  },
};

/** A name without what spellings differ in: `DPM++ 2S a Karras` and `dpmpp_2s_ancestral-karras` are one. */
export function schedulerSpelling(name: string): string {
  return name
    .toLowerCase()
    .replaceAll('+', 'p')
    .replace(/[^a-z0-9]+/g, ' ')
    .trim()
    .replace(/^(?:sample|k) /, '')
    .replaceAll(' ', '')
    .replace(/scheduler$/, '')
    .replace(/discrete$/, '')
    .replace('ancestral', 'a');
}

const bySpelling = (names: Names) =>
  new Map(Object.entries(names).map(([name, meant]) => [schedulerSpelling(name), meant]));
const spellingsOf = (endpoint: Endpoint) => ({
  own: bySpelling(Object.fromEntries(schedulerNames(endpoint).map((name) => [name, name]))),
  aliases: bySpelling(schedulerAliases[endpoint]),
  nearest: bySpelling(nearest[endpoint]),
});
const spellings = { 'sdxl-torch': spellingsOf('sdxl-torch'), 'sdxl-img2img': spellingsOf('sdxl-img2img') };

export interface NamedBody {
  readonly fields: unknown;
  readonly warnings: readonly string[];
}

/**
 * The body with its `scheduler` under our name where it is known under another; anything else stays as it
 * came.
 */
export function withSchedulerName(endpoint: Endpoint, fields: unknown): NamedBody {
  const given = (fields as { scheduler?: unknown } | null | undefined)?.scheduler;
  if (typeof given !== 'string' || given.length > 64) return { fields, warnings: [] };
  const known = spellings[endpoint];
  const spelled = schedulerSpelling(given);
  const name = known.own.get(spelled) ?? known.aliases.get(spelled);
  if (name !== undefined) return { fields: { ...(fields as object), scheduler: name }, warnings: [] };
  const close = known.nearest.get(spelled);
  if (close === undefined) return { fields, warnings: [] };
  return {
    fields: { ...(fields as object), scheduler: close },
    warnings: [`scheduler: ${show(given)} is not known here; the nearest, ${show(close)}, was taken`],
  };
}
