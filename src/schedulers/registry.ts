import type { Endpoint } from '../contract/endpoints.ts';
import { type Method, methods } from './methods.ts';
import type { NoiseTable } from './noise-levels.ts';
import type { Schedule } from './scheduler.ts';
import * as spacings from './schedules.ts';
import { compvisSchedule } from './solvers/compvis-schedule.ts';
import { roundHalfEven } from './spacing.ts';

/** An API name: a method on a schedule. */
export interface SchedulerDefinition extends Method {
  readonly name: string;
  /** How the noise levels are spaced, in words. */
  readonly spacing: string;
  /** The whole run of `steps` steps. */
  schedule(model: NoiseTable, steps: number): Schedule;
  /** The class or function whose numbers it gives. */
  readonly source: string;
}

type Row = readonly [method: Method, spacing: Spacing, source: string];

interface Spacing {
  readonly spacing: string;
  readonly schedule: spacings.ScheduleOf;
}

const { discardPenultimate } = spacings;

/** `checkpoint` is the timestep_spacing of the checkpoint: leading for SDXL. */
const grid: Spacing = { spacing: 'checkpoint', schedule: spacings.sigmaGrid };
const gridKarras: Spacing = { spacing: 'karras within checkpoint', schedule: spacings.sigmaGridKarras };
const ddimGrid: Spacing = { spacing: 'checkpoint', schedule: spacings.ddimGrid };
const ddpmGrid: Spacing = { spacing: 'checkpoint', schedule: spacings.ddpmGrid };
const pndmGrid: Spacing = { spacing: 'checkpoint', schedule: spacings.pndmGrid };
const solverGrid: Spacing = { spacing: 'checkpoint, N + 1', schedule: spacings.solverGrid };
const linspace: Spacing = { spacing: 'linspace, N + 1', schedule: spacings.solverLinspace };
const normal: Spacing = { spacing: 'normal', schedule: spacings.normal };
const karras: Spacing = { spacing: 'karras', schedule: spacings.karras };
const exponential: Spacing = { spacing: 'exponential', schedule: spacings.exponential };
const compvis: Spacing = { spacing: 'every 1000/N-th', schedule: compvisSchedule };
const without = ({ spacing, schedule }: Spacing): Spacing => ({
  spacing: `${spacing}, no penultimate`,
  schedule: discardPenultimate(schedule),
});

/** The only list of scheduler names. */
const registry = {
  'sdxl-torch': {
    DDIM: [methods.ddim, ddimGrid, 'diffusers DDIMScheduler'],
    'DPM Multi': [methods.dpmMultistep, solverGrid, 'diffusers DPMSolverMultistepScheduler'],
    'DPM Single': [methods.dpmSinglestep, linspace, 'diffusers DPMSolverSinglestepScheduler'],
    'Euler a': [methods.eulerAncestral, grid, 'diffusers EulerAncestralDiscreteScheduler'],
    Euler: [methods.euler, grid, 'diffusers EulerDiscreteScheduler'],
    Heun: [methods.heun, grid, 'diffusers HeunDiscreteScheduler'],
    'DPM2 a Karras': [methods.dpm2Ancestral, gridKarras, 'diffusers KDPM2AncestralDiscreteScheduler'],
    'DPM2 Karras': [methods.dpm2, gridKarras, 'diffusers KDPM2DiscreteScheduler'],
    LMS: [methods.lms, grid, 'diffusers LMSDiscreteScheduler'],
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

/** @throws Error listing the endpoint's names where `name` is none of them. */
export function findScheduler(endpoint: Endpoint, name: string): SchedulerDefinition {
  const rows: Readonly<Record<string, Row>> = registry[endpoint];
  const row = Object.hasOwn(rows, name) ? rows[name] : undefined;
  if (row === undefined) {
    throw new Error(
      `scheduler ${JSON.stringify(name)} is unknown to ${endpoint}; it knows ${Object.keys(rows).join(', ')}`,
    );
  }
  const [method, spacing, source] = row;
  return { ...method, ...spacing, name, source };
}

/**
 * The tail of a whole run that image-to-image solves: floor(steps * strength) steps in IEEE arithmetic, as
 * diffusers' get_timesteps; strength 1 is the whole run, also for methods whose runs are longer than `steps`.
 * @throws Error where no step would remain.
 */
export function partial(schedule: Schedule, steps: number, strength: number): Schedule {
  if (!(strength >= 0 && strength <= 1)) throw new Error(`strength is ${strength}, expected 0 to 1`);
  const whole = schedule.levels.length - 1;
  const remaining = strength === 1 ? whole : Math.min(Math.floor(steps * strength), whole);
  if (remaining < 1) {
    throw new Error(`strength ${strength} of ${steps} steps leaves no step: floor(steps * strength) is 0`);
  }
  return { ...schedule, begin: whole - remaining, end: whole };
}

/**
 * Splits a run between base and refiner: the base solves every step that starts at a timestep of at least
 * round(trainSteps * (1 - highNoiseFraction)), the refiner the rest, as denoising_end and denoising_start of
 * diffusers' pipelines. The cut is at a step boundary for every method. A fraction of 1 leaves the refiner an
 * empty part, a fraction of 0 the base.
 */
export function handOff(
  schedule: Schedule,
  highNoiseFraction: number,
  trainSteps = 1000,
): [Schedule, Schedule] {
  if (!(highNoiseFraction >= 0 && highNoiseFraction <= 1)) {
    throw new Error(`high noise fraction is ${highNoiseFraction}, expected 0 to 1`);
  }
  const { levels, begin, end } = schedule;
  const cutoff = roundHalfEven(trainSteps - highNoiseFraction * trainSteps);
  const isBase = (index: number) => highNoiseFraction === 1 || levels[index]!.timestep >= cutoff;
  let cut = begin;
  while (highNoiseFraction > 0 && cut < end && isBase(cut)) cut++;
  return [
    { ...schedule, end: cut },
    { ...schedule, begin: cut },
  ];
}
