import { samplerNames } from '../../schedulers/samplers.ts';
import { scheduleNames } from '../../schedulers/schedules/named-schedules.ts';
import { schedulerSpelling } from './scheduler-aliases.ts';

type Names = Readonly<Record<string, string | null>>;

/**
 * Other programs' names for what clients send as `sampler` and `schedule`: A1111's labels and k-diffusion's
 * functions differ from ours in case and separators alone, which do not matter; here are the rest. ComfyUI's
 * `_gpu` only says where noise is drawn. null leaves the choice open, as A1111's Automatic.
 */
const aliases: Readonly<Record<'sampler' | 'schedule', Names>> = {
  sampler: {
    plms: 'pndm',
    uni_pc_bh2: 'unipc',
    dpmpp_sde_gpu: 'dpmpp_sde',
    dpmpp_2m_sde_gpu: 'dpmpp_2m_sde',
    dpmpp_2m_sde_heun_gpu: 'dpmpp_2m_sde_heun',
    dpmpp_3m_sde_gpu: 'dpmpp_3m_sde',
  },
  schedule: { uniform: 'normal', ddim: 'ddim_uniform', ays: 'align_your_steps', automatic: null },
};

const bySpelling = (names: readonly string[], others: Names) =>
  new Map(
    [...Object.entries(others), ...names.map((name) => [name, name] as const)].map(([name, meant]) => [
      schedulerSpelling(name),
      meant,
    ]),
  );
const spellings = {
  sampler: bySpelling(samplerNames, aliases.sampler),
  schedule: bySpelling(scheduleNames, aliases.schedule),
};

/** The body with its `sampler` and `schedule` under our names where they are known; else as they came. */
export function withSamplerNames(fields: unknown): unknown {
  if (typeof fields !== 'object' || fields === null || Array.isArray(fields)) return fields;
  const named: Record<string, unknown> = {};
  for (const field of ['sampler', 'schedule'] as const) {
    const given = (fields as Record<string, unknown>)[field];
    if (typeof given !== 'string' || given.length > 64) continue;
    const meant = spellings[field].get(schedulerSpelling(given));
    if (meant !== undefined) named[field] = meant;
  }
  return { ...fields, ...named };
}
