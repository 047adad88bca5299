import { type Method, methods } from './methods.ts';
import type { SchedulerDefinition } from './scheduler-definition.ts';
import {
  type Adapt,
  toFirstLevel,
  toLeastNoise,
  unitVarianceStart,
  withoutPenultimate,
} from './schedules/adapted-schedules.ts';
import { namedSchedules, type ScheduleName, scheduleNames } from './schedules/named-schedules.ts';

/**
 * A solver under the name that ComfyUI and A1111's API use, to be put on a schedule of the client's choice.
 */
interface Sampler extends Method {
  /** Where the client names none: what A1111 calls Automatic. */
  readonly schedule: ScheduleName;
  /** The schedules that mean something to it; all where absent. */
  readonly schedules?: readonly ScheduleName[];
  /** What it makes of a schedule's levels; nothing where absent. */
  readonly adapt?: Adapt;
  /** The class or function whose numbers it gives. */
  readonly source: string;
}

/** Methods that space their own steps evenly in log sigma; of a schedule only the ends matter to them. */
const betweenEnds = {
  schedule: 'exponential',
  schedules: ['exponential'],
  adapt: toLeastNoise,
} as const;
/** diffusers' methods over variance-preserving latents. */
const variancePreserving = { schedule: 'normal', adapt: unitVarianceStart } as const;

/** The only list of sampler names. */
const samplers = {
  euler: { ...methods.euler, schedule: 'normal', source: 'k-diffusion sample_euler' },
  euler_ancestral: {
    ...methods.eulerAncestral,
    schedule: 'normal',
    source: 'k-diffusion sample_euler_ancestral',
  },
  heun: { ...methods.heun, schedule: 'normal', source: 'k-diffusion sample_heun' },
  dpm_2: {
    ...methods.dpm2,
    adapt: withoutPenultimate,
    schedule: 'karras',
    source: 'k-diffusion sample_dpm_2',
  },
  dpm_2_ancestral: {
    ...methods.dpm2Ancestral,
    adapt: withoutPenultimate,
    schedule: 'karras',
    source: 'k-diffusion sample_dpm_2_ancestral',
  },
  lms: { ...methods.lms, schedule: 'normal', source: 'k-diffusion sample_lms' },
  dpm_fast: { ...methods.dpmFast, ...betweenEnds, source: 'k-diffusion sample_dpm_fast' },
  dpm_adaptive: { ...methods.dpmAdaptive, ...betweenEnds, source: 'k-diffusion sample_dpm_adaptive' },
  dpmpp_2s_ancestral: {
    ...methods.dpmpp2sAncestral,
    schedule: 'karras',
    source: 'k-diffusion sample_dpmpp_2s_ancestral',
  },
  dpmpp_2s: {
    ...methods.dpmSinglestep,
    schedule: 'karras',
    source: 'diffusers DPMSolverSinglestepScheduler',
  },
  dpmpp_sde: { ...methods.dpmppSde, schedule: 'karras', source: 'k-diffusion sample_dpmpp_sde' },
  dpmpp_2m: { ...methods.dpmpp2m, schedule: 'karras', source: 'k-diffusion sample_dpmpp_2m' },
  dpmpp_2m_sde: {
    ...methods.dpmpp2mSde,
    schedule: 'exponential',
    source: 'k-diffusion sample_dpmpp_2m_sde, midpoint',
  },
  dpmpp_2m_sde_heun: {
    ...methods.dpmpp2mSdeHeun,
    schedule: 'exponential',
    source: 'k-diffusion sample_dpmpp_2m_sde, heun',
  },
  dpmpp_3m_sde: {
    ...methods.dpmpp3mSde,
    adapt: withoutPenultimate,
    schedule: 'exponential',
    source: 'k-diffusion sample_dpmpp_3m_sde',
  },
  restart: { ...methods.restart, schedule: 'karras', schedules: ['karras'], source: 'A1111 restart_sampler' },
  ddim: { ...methods.ddim, ...variancePreserving, source: 'diffusers DDIMScheduler' },
  ddpm: { ...methods.ddpm, ...variancePreserving, source: 'diffusers DDPMScheduler' },
  pndm: { ...methods.plms, ...variancePreserving, source: 'diffusers PNDMScheduler, A1111 plms' },
  unipc: { ...methods.unipc, ...variancePreserving, source: 'diffusers UniPCMultistepScheduler' },
  deis: { ...methods.deis, ...variancePreserving, source: 'diffusers DEISMultistepScheduler, order 3' },
  ipndm: { ...methods.ipndm, schedule: 'normal', source: 'diff-sampler ipndm, ComfyUI ipndm' },
  ipndm_v: { ...methods.ipndmV, schedule: 'normal', source: 'Adams-Bashforth 4 over uneven steps' },
  res_multistep: { ...methods.resMultistep, schedule: 'normal', source: 'ComfyUI res_multistep' },
  gradient_estimation: {
    ...methods.gradientEstimation,
    schedule: 'normal',
    source: 'ComfyUI gradient_estimation',
  },
  er_sde: { ...methods.erSde, schedule: 'normal', source: 'ER-SDE-Solver ve_3_order_taylor' },
  sa_solver: { ...methods.saSolver, schedule: 'normal', source: 'ComfyUI sa_solver' },
  lcm: { ...methods.lcm, schedule: 'lcm', adapt: unitVarianceStart, source: 'diffusers LCMScheduler' },
  tcd: {
    ...methods.tcd,
    schedule: 'lcm',
    adapt: toFirstLevel,
    source: 'diffusers TCDScheduler',
  },
  euler_cfg_pp: { ...methods.eulerCfgPlusPlus, schedule: 'normal', source: 'ComfyUI euler_cfg_pp' },
  dpmpp_2m_cfg_pp: {
    ...methods.dpmpp2mCfgPlusPlus,
    schedule: 'karras',
    source: 'ComfyUI dpmpp_2m_cfg_pp',
  },
} as const satisfies Record<string, Sampler>;

export type SamplerName = keyof typeof samplers;

export const samplerNames = Object.keys(samplers) as [SamplerName, ...SamplerName[]];

/** The sampler behind a name: solver, schedules and what it asks of the network. */
export function findSampler(name: SamplerName): Sampler {
  return samplers[name];
}

/** The schedules a sampler may be put on, its own first. */
export function schedulesOf(name: SamplerName): readonly ScheduleName[] {
  const { schedule, schedules = scheduleNames }: Sampler = samplers[name];
  return [schedule, ...schedules.filter((other) => other !== schedule)];
}

/** What a sampler on a schedule is called wherever a scheduler has one name; no published name is like it. */
export function composedName(sampler: SamplerName, schedule: ScheduleName): string {
  return `${sampler} ${schedule}`;
}

const composed = new Map<string, readonly [SamplerName, ScheduleName]>(
  samplerNames.flatMap((sampler) =>
    schedulesOf(sampler).map((schedule) => [composedName(sampler, schedule), [sampler, schedule]] as const),
  ),
);

/** Sampler and schedule of a composed name; undefined where it is none. */
export function composedParts(name: string): readonly [SamplerName, ScheduleName] | undefined {
  return composed.get(name);
}

/** The scheduler of that composed name; undefined where it is none. */
export function composedScheduler(name: string): SchedulerDefinition | undefined {
  const parts = composed.get(name);
  if (parts === undefined) return undefined;
  const [sampler, spacing] = parts;
  const { adapt, schedules: _, ...own }: Sampler = samplers[sampler];
  const { schedule } = namedSchedules[spacing];
  return { ...own, name, spacing, schedule: adapt?.(schedule) ?? schedule };
}
