import { findScheduler } from '../../schedulers/registry.ts';
import { findSampler, type SamplerName } from '../../schedulers/samplers.ts';
import { solverFieldsOf } from '../bodies/sampling-options.ts';
import type { Endpoint } from '../endpoints.ts';

/** What a body of A1111's says of its solver. */
interface SolverBody {
  readonly eta?: number | undefined;
  readonly s_churn?: number | undefined;
  readonly s_tmin?: number | undefined;
  readonly s_tmax?: number | undefined;
  readonly s_noise?: number | undefined;
}

/** A published scheduler, or else a sampler of its own. */
export type Solver = { readonly scheduler: string } | { readonly sampler: SamplerName };

/**
 * The fields that mean something to the solver. As there, others are without effect, a largest sigma of 0 is
 * none (modules/sd_samplers_kdiffusion.py, commit 01a40c6), and what changes nothing is not repeated.
 */
export function solverFields(body: SolverBody, endpoint: Endpoint, solver: Solver): SolverBody {
  const method =
    'scheduler' in solver ? findScheduler(endpoint, solver.scheduler) : findSampler(solver.sampler);
  const { eta, s_churn: churn = 0, s_tmin: least = 0, s_tmax: most = 0, s_noise: noise = 1 } = body;
  const said: SolverBody = {
    eta,
    ...(churn > 0 && { s_churn: churn }),
    ...(churn > 0 && least > 0 && { s_tmin: least }),
    ...(churn > 0 && most > 0 && { s_tmax: most }),
    ...(noise !== 1 && { s_noise: noise }),
  };
  const known = solverFieldsOf(method);
  return Object.fromEntries(
    Object.entries(said).filter(([name, value]) => value !== undefined && known.includes(name)),
  );
}
