import { type Endpoint, endpoints } from '../../../src/contract/endpoints.ts';
import { findScheduler, schedulerNames } from '../../../src/schedulers/registry.ts';
import type { SchedulerDefinition } from '../../../src/schedulers/scheduler-definition.ts';

/** A scheduler as it is computed, with every name that stands for it. */
export interface SweptScheduler {
  readonly endpoint: Endpoint;
  readonly name: string;
  readonly names: readonly string[];
}

/** Every name of both endpoints, those that share solver and schedule (UniPC) as one. */
export function everyScheduler(): SweptScheduler[] {
  const swept: (SweptScheduler & { definition: SchedulerDefinition; names: string[] })[] = [];
  for (const endpoint of endpoints)
    for (const name of schedulerNames(endpoint)) {
      const definition = findScheduler(endpoint, name);
      const same = swept.find(
        (other) =>
          other.definition.solver === definition.solver && other.definition.schedule === definition.schedule,
      );
      if (same === undefined) swept.push({ endpoint, name, names: [`${endpoint} ${name}`], definition });
      else same.names.push(`${endpoint} ${name}`);
    }
  return swept.map(({ endpoint, name, names }) => ({ endpoint, name, names }));
}

/**
 * The scheduler of that name, of sdxl-torch where both endpoints know it.
 * @throws Error where neither does.
 */
export function schedulerNamed(text: string): SweptScheduler {
  const [, given, name = text] = /^(sdxl-torch|sdxl-img2img) (.+)$/.exec(text) ?? [];
  const known = endpoints.filter((endpoint) => schedulerNames(endpoint).some((one) => one === name));
  const endpoint = known.find((one) => given === undefined || one === given);
  if (endpoint === undefined) throw new Error(`--scheduler ${text}: no endpoint knows it`);
  return { endpoint, name, names: [`${endpoint} ${name}`] };
}
