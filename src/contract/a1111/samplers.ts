import { findSampler, type SamplerName, samplerNames, schedulesOf } from '../../schedulers/samplers.ts';
import { type ScheduleName, scheduleNames } from '../../schedulers/schedules/named-schedules.ts';
import { ApiError } from '../errors.ts';
import { samplerLabels, scheduleLabels } from '../infotext/sampler-labels.ts';
import type { ResponseBody } from '../openapi/response-schemas.ts';
import { show } from '../show.ts';

/** A1111's other names of its samplers (modules/sd_samplers_kdiffusion.py, commit 01a40c6). */
const aliases: Partial<Record<SamplerName, readonly string[]>> = {
  euler_ancestral: ['k_euler_a', 'k_euler_ancestral'],
  euler: ['k_euler'],
  lms: ['k_lms'],
  heun: ['k_heun'],
  dpm_2: ['k_dpm_2'],
  dpm_2_ancestral: ['k_dpm_2_a'],
  dpmpp_2s_ancestral: ['k_dpmpp_2s_a'],
  dpmpp_2m: ['k_dpmpp_2m'],
  dpmpp_sde: ['k_dpmpp_sde'],
  dpmpp_2m_sde: ['k_dpmpp_2m_sde'],
  dpmpp_2m_sde_heun: ['k_dpmpp_2m_sde_heun'],
  dpmpp_3m_sde: ['k_dpmpp_3m_sde'],
  dpm_fast: ['k_dpm_fast'],
  dpm_adaptive: ['k_dpm_ad'],
  restart: ['restart'],
};

/** There they bring noise levels of their own, whatever scheduler is named. */
const withoutScheduler: readonly SamplerName[] = ['dpm_fast', 'dpm_adaptive', 'ddim', 'pndm', 'unipc'];

/** Automatic leaves the choice to the sampler; A1111 has two names for even timesteps. */
const schedulers: readonly (readonly [name: string, label: string, ours: ScheduleName | undefined])[] = [
  ['automatic', 'Automatic', undefined],
  ['uniform', 'Uniform', 'normal'],
  ['normal', 'Normal', 'normal'],
  ['ddim', 'DDIM', 'ddim_uniform'],
  ...scheduleNames
    .filter((name) => name !== 'normal' && name !== 'ddim_uniform')
    .map((name) => [name, scheduleLabels[name] ?? name, name] as const),
];
const scheduleByName = new Map(
  schedulers.flatMap(([name, label, ours]) =>
    [name, label, label.replaceAll(' ', ''), ours ?? name].map((each) => [each.toLowerCase(), ours] as const),
  ),
);

const labelOf = (name: SamplerName) => samplerLabels[name] ?? name;
const samplerByName = new Map(
  samplerNames.flatMap((name) =>
    [name, labelOf(name), ...(aliases[name] ?? [])].map((each) => [each.toLowerCase(), name] as const),
  ),
);

export interface ChosenSampler {
  readonly sampler: SamplerName;
  /** undefined: the sampler's own. */
  readonly schedule: ScheduleName | undefined;
  readonly label: string;
}

/**
 * The sampler that A1111 takes for these names: a scheduler may stand behind the sampler's name, and counts
 * more than one named apart (get_sampler_and_scheduler, modules/sd_samplers.py).
 * @throws ApiError with A1111's words for a sampler or scheduler that is not there.
 */
export function chooseSampler(name: string, scheduler = ''): ChosenSampler {
  let spelled = name.trim().toLowerCase();
  let schedule = scheduleNamed(scheduler);
  if (!samplerByName.has(spelled))
    for (const [suffix, ours] of scheduleByName)
      if (spelled.endsWith(` ${suffix}`)) {
        spelled = spelled.slice(0, -suffix.length - 1);
        schedule = ours;
        break;
      }
  const sampler = samplerByName.get(spelled);
  if (sampler === undefined) throw new ApiError('invalidParameter', `Sampler not found: ${show(name)}`);
  const isFree = withoutScheduler.includes(sampler);
  return { sampler, schedule: isFree ? undefined : schedule, label: labelOf(sampler) };
}

function scheduleNamed(name: string): ScheduleName | undefined {
  const spelled = name.trim().toLowerCase();
  if (spelled === '' || scheduleByName.has(spelled)) return scheduleByName.get(spelled);
  throw new ApiError('invalidParameter', `Scheduler not found: ${show(name)}`);
}

/** The answer of `GET /sdapi/v1/samplers`. */
export function a1111Samplers(): ResponseBody<'A1111Samplers'> {
  return samplerNames.map((name) => {
    const { schedule } = findSampler(name);
    const options = schedule === 'normal' ? {} : { scheduler: schedule };
    return { name: labelOf(name), aliases: [...(aliases[name] ?? []), name], options };
  });
}

/** The answer of `GET /sdapi/v1/schedulers`. */
export function a1111Schedulers(): ResponseBody<'A1111Schedulers'> {
  return schedulers.map(([name, label, ours]) => ({
    ...{ name, label, aliases: ours === undefined || ours === name ? null : [ours] },
    ...{ default_rho: name === 'karras' ? 7 : -1, need_inner_model: false },
  }));
}

/** Whether our sampler takes this schedule at all. */
export function takesSchedule(sampler: SamplerName, schedule: ScheduleName): boolean {
  return schedulesOf(sampler).includes(schedule);
}
