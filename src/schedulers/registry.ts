import type { Endpoint } from '../contract/endpoints.ts';
import { type Method, methods } from './methods.ts';
import { composedScheduler } from './samplers.ts';
import type { SchedulerDefinition } from './scheduler-definition.ts';
import { compvisSchedule } from './schedules/compvis-schedule.ts';
import * as schedules from './schedules/schedules.ts';

type Row = readonly [method: Method, spacing: Spacing, source: string];

interface Spacing {
  readonly spacing: string;
  readonly schedule: schedules.ScheduleOf;
}

const { discardPenultimate, orContinuous } = schedules;
const over = (schedule: schedules.ScheduleOf, spacing = 'checkpoint'): Spacing => ({
  spacing,
  schedule: orContinuous(schedule),
});

/** `checkpoint` is the timestep_spacing of the checkpoint: leading for SDXL. */
const grid = over(schedules.sigmaGrid);
const gridAsked = over(schedules.sigmaGridAsked);
const gridKarras: Spacing = {
  spacing: 'karras within checkpoint',
  schedule: orContinuous(schedules.sigmaGridKarras, 'karras'),
};
const ddimGrid = over(schedules.ddimGrid);
const ddpmGrid = over(schedules.ddpmGrid);
const pndmGrid = over(schedules.pndmGrid);
const solverGrid = over(schedules.solverGrid, 'checkpoint, N + 1');
const linspace = over(schedules.solverLinspace, 'linspace, N + 1');
const normal: Spacing = { spacing: 'normal', schedule: schedules.normal };
const karras: Spacing = { spacing: 'karras', schedule: schedules.karras };
const exponential: Spacing = { spacing: 'exponential', schedule: schedules.exponential };
const compvis = over(compvisSchedule, 'every 1000/N-th');
const without = ({ spacing, schedule }: Spacing): Spacing => ({
  spacing: `${spacing}, no penultimate`,
  schedule: discardPenultimate(schedule),
});

/** The only list of published scheduler names. */
const registry = {
  'sdxl-torch': {
    DDIM: [methods.ddim, ddimGrid, 'diffusers DDIMScheduler'],
    'DPM Multi': [methods.dpmMultistep, solverGrid, 'diffusers DPMSolverMultistepScheduler'],
    'DPM Single': [methods.dpmSinglestep, linspace, 'diffusers DPMSolverSinglestepScheduler'],
    'Euler a': [methods.eulerAncestral, grid, 'diffusers EulerAncestralDiscreteScheduler'],
    Euler: [methods.euler, gridAsked, 'diffusers EulerDiscreteScheduler'],
    Heun: [methods.heun, gridAsked, 'diffusers HeunDiscreteScheduler'],
    'DPM2 a Karras': [methods.dpm2Ancestral, gridKarras, 'diffusers KDPM2AncestralDiscreteScheduler'],
    'DPM2 Karras': [methods.dpm2, gridKarras, 'diffusers KDPM2DiscreteScheduler'],
    LMS: [methods.lms, gridAsked, 'diffusers LMSDiscreteScheduler'],
    PNDM: [methods.pndm, pndmGrid, 'diffusers PNDMScheduler'],
    DDPM: [methods.ddpm, ddpmGrid, 'diffusers DDPMScheduler'],
    UniPC: [methods.unipc, solverGrid, 'diffusers UniPCMultistepScheduler'],
  },
  'sdxl-img2img': {
    'DPM++ SDE Karras': [methods.dpmppSde, karras, 'k-diffusion sample_dpmpp_sde'],
    'DPM++ 2M Karras': [methods.dpmpp2m, karras, 'k-diffusion sample_dpmpp_2m'],
    'DPM++ 2M SDE Karras': [methods.dpmpp2mSde, karras, 'k-diffusion sample_dpmpp_2m_sde'],
    'DPM++ 2M SDE Heun Karras': [methods.dpmpp2mSdeHeun, karras, 'k-diffusion sample_dpmpp_2m_sde'],
    'DPM++ 3M SDE Karras': [methods.dpmpp3mSde, without(karras), 'k-diffusion sample_dpmpp_3m_sde'],
    'LMS Karras': [methods.lms, karras, 'k-diffusion sample_lms'],
    'DPM2 Karras': [methods.dpm2, without(karras), 'k-diffusion sample_dpm_2'],
    'DPM2 a Karras': [methods.dpm2Ancestral, without(karras), 'k-diffusion sample_dpm_2_ancestral'],
    'DPM++ 2S a Karras': [methods.dpmpp2sAncestral, karras, 'k-diffusion sample_dpmpp_2s_ancestral'],
    'DPM++ 2M SDE Exponential': [methods.dpmpp2mSde, exponential, 'k-diffusion sample_dpmpp_2m_sde'],
    'DPM++ 2M SDE Heun Exponential': [methods.dpmpp2mSdeHeun, exponential, 'k-diffusion sample_dpmpp_2m_sde'],
    'DPM++ 3M SDE Exponential': [methods.dpmpp3mSde, without(exponential), 'k-diffusion sample_dpmpp_3m_sde'],
    'DPM++ SDE': [methods.dpmppSde, normal, 'k-diffusion sample_dpmpp_sde'],
    'DPM++ 2M': [methods.dpmpp2m, normal, 'k-diffusion sample_dpmpp_2m'],
    'DPM++ 2M SDE': [methods.dpmpp2mSde, normal, 'k-diffusion sample_dpmpp_2m_sde'],
    'DPM++ 2M SDE Heun': [methods.dpmpp2mSdeHeun, normal, 'k-diffusion sample_dpmpp_2m_sde'],
    'DPM++ 3M SDE': [methods.dpmpp3mSde, without(normal), 'k-diffusion sample_dpmpp_3m_sde'],
    'DPM++ 2S a': [methods.dpmpp2sAncestral, normal, 'k-diffusion sample_dpmpp_2s_ancestral'],
    'Euler a': [methods.eulerAncestral, normal, 'k-diffusion sample_euler_ancestral'],
    Euler: [methods.euler, normal, 'k-diffusion sample_euler'],
    LMS: [methods.lms, normal, 'k-diffusion sample_lms'],
    Heun: [methods.heun, normal, 'k-diffusion sample_heun'],
    DPM2: [methods.dpm2, without(normal), 'k-diffusion sample_dpm_2'],
    'DPM2 a': [methods.dpm2Ancestral, without(normal), 'k-diffusion sample_dpm_2_ancestral'],
    'DPM fast': [methods.dpmFast, normal, 'k-diffusion sample_dpm_fast'],
    'DPM adaptive': [methods.dpmAdaptive, normal, 'k-diffusion sample_dpm_adaptive'],
    Restart: [methods.restart, karras, 'A1111 restart_sampler'],
    DDIM: [methods.ddim, compvis, 'A1111 ddim'],
    PLMS: [methods.plms, compvis, 'A1111 plms'],
    UniPC: [methods.unipc, solverGrid, 'diffusers UniPCMultistepScheduler'],
  },
} as const satisfies Record<Endpoint, Record<string, Row>>;

export type SchedulerName<E extends Endpoint> = keyof (typeof registry)[E] & string;

/** Every scheduler name an endpoint accepts. */
export function schedulerNames<E extends Endpoint>(
  endpoint: E,
): readonly [SchedulerName<E>, ...SchedulerName<E>[]] {
  return Object.keys(registry[endpoint]) as [SchedulerName<E>, ...SchedulerName<E>[]];
}

/**
 * The scheduler behind a published name of the endpoint, or behind the name of a sampler on a schedule (see
 * composedName), which every endpoint knows.
 * @throws Error listing the endpoint's names where `name` is none of them.
 */
export function findScheduler(endpoint: Endpoint, name: string): SchedulerDefinition {
  const rows: Readonly<Record<string, Row>> = registry[endpoint];
  const row = Object.hasOwn(rows, name) ? rows[name] : undefined;
  if (row === undefined) {
    const composed = composedScheduler(name);
    if (composed !== undefined) return composed;
    throw new Error(
      `scheduler ${JSON.stringify(name)} is unknown to ${endpoint}; it knows ${Object.keys(rows).join(', ')}`,
    );
  }
  const [method, spacing, source] = row;
  return { ...method, ...spacing, name, source };
}
