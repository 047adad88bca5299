import { z } from 'zod';
import { type Method, optionsOf } from '../../schedulers/methods.ts';
import { findScheduler } from '../../schedulers/registry.ts';
import { findSampler, samplerNames } from '../../schedulers/samplers.ts';
import type { SolverOptions } from '../../schedulers/solver-options.ts';
import type { Endpoint } from '../endpoints.ts';
import { ApiError } from '../errors.ts';
import type { SamplingRefinements } from '../generation.ts';
import { show } from '../show.ts';

const share = z.number().min(0).max(1).optional();

/** Extension: what a request may set of its solver, where that has it, and of its guidance. */
export const samplingFields = {
  eta: share.meta({
    description: 'Extension: share of new noise in each step; a 400 where the scheduler or sampler has none',
  }),
  s_churn: z.number().min(0).max(100).optional().meta({
    description: 'Extension: stochasticity of Euler, Heun and DPM2 (Karras et al. 2022, Algorithm 2)',
  }),
  s_tmin: z.number().min(0).max(1000).optional().meta({ description: 'Extension: least sigma with s_churn' }),
  s_tmax: z.number().min(0).max(10_000).optional().meta({
    description: 'Extension: largest sigma with s_churn; all where absent',
  }),
  s_noise: z.number().min(0).max(2).optional().meta({ description: 'Extension: factor of the noise added' }),
  guidance_rescale: share.meta({
    description: 'Extension: share of guidance rescaled to the deviation of the positive prediction',
  }),
  guidance_start: share.meta({
    description: 'Extension: fraction of the steps before which there is no guidance',
  }),
  guidance_end: share.meta({
    description: 'Extension: fraction of the steps from which on there is no guidance',
  }),
};

const solverFields = {
  eta: 'eta',
  s_churn: 'sChurn',
  s_tmin: 'sTmin',
  s_tmax: 'sTmax',
  s_noise: 'sNoise',
} as const satisfies Record<string, keyof SolverOptions>;

/** The fields of a method's own options. */
export function solverFieldsOf(method: Method): string[] {
  const options = optionsOf(method);
  return Object.entries(solverFields).flatMap(([field, option]) => (options.includes(option) ? [field] : []));
}

type SamplingBody = { readonly [Field in keyof typeof samplingFields]?: number | undefined };

/**
 * What a parsed body says with these fields; nothing where it has none.
 * @param scheduler as findScheduler knows it.
 * @throws ApiError naming a field that the scheduler has nothing for, or an interval that is none.
 */
export function samplingRefinementsOf(
  body: SamplingBody,
  endpoint: Endpoint,
  scheduler: string,
): SamplingRefinements {
  const method = findScheduler(endpoint, scheduler);
  const solverOptions: Record<string, number> = {};
  for (const [field, option] of Object.entries(solverFields)) {
    const value = body[field as keyof typeof solverFields];
    if (value === undefined) continue;
    if (!optionsOf(method).includes(option))
      throw new ApiError(
        'invalidParameter',
        `${field} means nothing to ${show(scheduler)}, got ${value}; samplers that have it: ${having(option)}`,
      );
    solverOptions[option] = value;
  }
  const { guidance_start: start = 0, guidance_end: end = 1, guidance_rescale: rescale = 0 } = body;
  if (start >= end)
    throw new ApiError(
      'invalidParameter',
      `guidance_start must be less than guidance_end, got ${start} and ${end}`,
    );
  return {
    ...(Object.keys(solverOptions).length > 0 && { solverOptions }),
    ...(rescale > 0 && { guidanceRescale: rescale }),
    ...(start > 0 && { guidanceStart: start }),
    ...(end < 1 && { guidanceEnd: end }),
  };
}

function having(option: keyof SolverOptions): string {
  return samplerNames.filter((name) => optionsOf(findSampler(name)).includes(option)).join(', ');
}
