import { beta } from './beta.ts';
import { ddimUniform, lcm, sgmUniform, simple, turbo } from './even-timesteps.ts';
import { exponential, karras, normal, type ScheduleOf } from './schedules.ts';
import { alignYourSteps, klOptimal, linearQuadratic } from './sigma-curves.ts';

/** A way to space the noise levels of a run, whatever solver walks it. */
interface NamedSchedule {
  readonly schedule: ScheduleOf;
  readonly description: string;
}

/** The only list of schedule names, those of ComfyUI and A1111. All end at zero noise. */
export const namedSchedules = {
  normal: { schedule: normal, description: 'even timesteps from the last to the first' },
  karras: { schedule: karras, description: 'Karras et al. 2022, rho 7: dense at low noise' },
  exponential: { schedule: exponential, description: 'even in the logarithm of sigma' },
  sgm_uniform: { schedule: sgmUniform, description: 'N of N + 1 even timesteps, for few-step models' },
  simple: { schedule: simple, description: 'every (1000/N)-th timestep down from the last' },
  ddim_uniform: { schedule: ddimUniform, description: 'every floor(1000/N)-th timestep up from 1' },
  beta: { schedule: beta, description: 'quantiles of a beta distribution (0.6, 0.6): dense at both ends' },
  linear_quadratic: { schedule: linearQuadratic, description: 'linear in sigma, then quadratic' },
  kl_optimal: { schedule: klOptimal, description: 'even in the arctangent of sigma' },
  align_your_steps: {
    schedule: alignYourSteps,
    description: 'the levels found for SDXL (Sabour et al. 2024)',
  },
  turbo: { schedule: turbo, description: 'even timesteps from the last on, for Turbo models' },
  lcm: { schedule: lcm, description: 'N of the 50 timesteps that consistency models are distilled at' },
} as const satisfies Record<string, NamedSchedule>;

export type ScheduleName = keyof typeof namedSchedules;

export const scheduleNames = Object.keys(namedSchedules) as [ScheduleName, ...ScheduleName[]];
