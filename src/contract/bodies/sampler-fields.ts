import { z } from 'zod';
import {
  composedName,
  findSampler,
  type SamplerName,
  samplerNames,
  schedulesOf,
} from '../../schedulers/samplers.ts';
import { type ScheduleName, scheduleNames } from '../../schedulers/schedules/named-schedules.ts';
import { ApiError } from '../errors.ts';
import { show } from '../show.ts';

/** Extension: the two parts of a scheduler, each by its own name, instead of one of the published names. */
export const samplerFields = {
  sampler: z
    .enum(samplerNames)
    .optional()
    .meta({
      description:
        'Extension: a solver by its own name, instead of scheduler (both together are refused); ' +
        'see GET /v1/samplers',
    }),
  schedule: z
    .enum(scheduleNames)
    .optional()
    .meta({
      description:
        "Extension: the spacing of the noise levels under sampler (unipc where none is given); the sampler's own " +
        'where absent',
    }),
};

/** The sampler of a body that names a schedule alone: that of the default scheduler. */
const usualSampler: SamplerName = 'unipc';

/**
 * The lambda of CFG++ that stands for a guidance scale of 7.5 (Chung et al. 2024, table 1), where a body
 * gives none.
 */
export const usualLambda = 0.6;

interface SamplerBody {
  readonly scheduler: string;
  readonly guidance_scale: number;
  readonly sampler?: SamplerName | undefined;
  readonly schedule?: ScheduleName | undefined;
}

/** Whether a body, as it was sent, leaves the published names for a sampler or schedule of its own. */
export function asksSampler(fields: unknown): boolean {
  const { sampler, schedule } = (fields ?? {}) as Record<string, unknown>;
  return (sampler ?? schedule ?? undefined) !== undefined;
}

/**
 * The scheduler a parsed body asks for, as findScheduler knows it.
 * @param fields the body as it was sent, which tells a scheduler given from the default.
 * @param usual sampler and schedule of the default, for a body that names one of the two.
 * @throws ApiError where scheduler and sampler are both given, or the sampler does not go with the schedule.
 */
export function schedulerOf(
  body: SamplerBody,
  fields: unknown,
  usual?: readonly [SamplerName, ScheduleName],
): string {
  if (body.sampler === undefined && body.schedule === undefined) return body.scheduler;
  const { scheduler } = fields as Record<string, unknown>;
  const sampler = body.sampler ?? usual?.[0] ?? usualSampler;
  if (scheduler !== undefined && scheduler !== null) {
    const other = body.sampler === undefined ? 'schedule' : 'sampler';
    throw new ApiError(
      'invalidParameter',
      `scheduler and ${other} exclude each other: a scheduler is a sampler on a schedule; ` +
        `got scheduler ${show(scheduler)} and ${other} ${show(body[other])}`,
    );
  }
  const possible = schedulesOf(sampler);
  const schedule = body.schedule ?? possible.find((name) => name === usual?.[1]) ?? possible[0]!;
  if (!possible.includes(schedule))
    throw new ApiError(
      'invalidParameter',
      `schedule must be one of: ${possible.join(', ')} with sampler ${sampler}, got ${show(schedule)}`,
    );
  return composedName(sampler, schedule);
}

/**
 * The guidance scale of a parsed body; for a sampler of CFG++ another default.
 * @param fields the body as it was sent.
 */
export function guidanceScaleOf({ sampler, guidance_scale: parsed }: SamplerBody, fields: unknown): number {
  const given = (fields as Record<string, unknown>).guidance_scale ?? undefined;
  const isPlusPlus = sampler !== undefined && findSampler(sampler).guidanceApart === true;
  return isPlusPlus && given === undefined ? usualLambda : parsed;
}
