import { continuousLevels } from './continuous-levels.ts';
import type { SchedulerConfig } from './scheduler-config.ts';

/**
 * Classes of diffusers 0.42.1 whose configs describe a network that predicts noise or velocity on a table of
 * betas. Which class a config names is no matter otherwise: the request's scheduler chooses the method.
 */
const tableClasses = [
  'DDIMParallelScheduler',
  'DDIMScheduler',
  'DDPMParallelScheduler',
  'DDPMScheduler',
  'DEISMultistepScheduler',
  'DPMSolverMultistepScheduler',
  'DPMSolverSDEScheduler',
  'DPMSolverSinglestepScheduler',
  'EulerAncestralDiscreteScheduler',
  'EulerDiscreteScheduler',
  'HeunDiscreteScheduler',
  'KDPM2AncestralDiscreteScheduler',
  'KDPM2DiscreteScheduler',
  'LCMScheduler',
  'LMSDiscreteScheduler',
  'PNDMScheduler',
  'SASolverScheduler',
  'TCDScheduler',
  'UniPCMultistepScheduler',
];

/** Keys that schedulerSettings or continuousLevels honour. */
const honoured = [
  'beta_end',
  'beta_schedule',
  'beta_start',
  'final_sigmas_type',
  'first_timestep',
  'num_train_timesteps',
  'prediction_type',
  'rescale_betas_zero_snr',
  'rho',
  'set_alpha_to_one',
  'sigma_data',
  'sigma_max',
  'sigma_min',
  'sigma_schedule',
  'skip_prk_steps',
  'steps_offset',
  'timestep_spacing',
  'trained_betas',
  'use_exponential_sigmas',
  'use_karras_sigmas',
];

/**
 * Keys of a solver, which the request's scheduler chooses, and of options that are refused where they are on.
 */
const solverKeys = [
  'algorithm_type',
  'clip_sample_range',
  'corrector_order',
  'disable_corrector',
  'dynamic_thresholding_ratio',
  'euler_at_final',
  'flow_shift',
  'lower_order_final',
  'noise_sampler_seed',
  'predict_x0',
  'predictor_order',
  'sample_max_value',
  'shift_terminal',
  'solver_order',
  'solver_p',
  'solver_type',
  'tau_func',
  'time_shift_type',
];

/**
 * Keys that change noise levels or latents and of which only these values are computed; null is the first.
 */
const only: Readonly<Record<string, readonly unknown[]>> = {
  clip_sample: [false],
  interpolation_type: ['linear'],
  lambda_min_clipped: [Number.NEGATIVE_INFINITY],
  original_inference_steps: [50],
  thresholding: [false],
  timestep_scaling: [10],
  timestep_type: ['discrete'],
  use_beta_sigmas: [false],
  use_dynamic_shifting: [false],
  use_flow_sigmas: [false],
  use_lu_lambdas: [false],
  variance_type: ['fixed_small'],
};

/** Keys of continuous classes, without a meaning that is computed beside a table. */
const continuousOnly = ['rho', 'sigma_data', 'sigma_max', 'sigma_min', 'sigma_schedule'];
/** And the reverse. Playground's published config carries the keys of the table, unused. */
const tableOnly = [
  'first_timestep',
  'rescale_betas_zero_snr',
  'trained_betas',
  'use_karras_sigmas',
  'use_exponential_sigmas',
];

/**
 * Refuses a scheduler_config.json that asks for what is not computed: every key is honoured, is one of the
 * solver that a request chooses, or has a value that changes nothing.
 * @throws Error naming the class, or the key and its value.
 */
export function requireKnownScheduler(config: SchedulerConfig): void {
  const fail = (key: string, expected: string): never => {
    throw new Error(`scheduler_config.json: ${key} is ${JSON.stringify(config[key])}, ${expected}`);
  };
  const isContinuous = continuousLevels(config) !== undefined;
  const className = config._class_name ?? undefined;
  if (className !== undefined && !isContinuous && !tableClasses.includes(String(className)))
    fail('_class_name', 'which is not supported: its network was trained on other noise levels');
  const misplaced = isContinuous ? tableOnly : continuousOnly;
  for (const [key, value] of Object.entries(config)) {
    if (value === null || key.startsWith('_')) continue;
    if (misplaced.includes(key) && value !== false)
      fail(key, `which ${isContinuous ? 'an EDM class does not know' : 'only EDM classes honour here'}`);
    const values = Object.hasOwn(only, key) ? only[key] : undefined;
    if (values !== undefined && !values.includes(value))
      fail(
        key,
        `only ${values.map((one) => (one === Number.NEGATIVE_INFINITY ? '-Infinity' : JSON.stringify(one)))} is supported`,
      );
    if (values === undefined && !honoured.includes(key) && !solverKeys.includes(key) && value !== false)
      fail(key, 'which is no key of a supported scheduler');
  }
}
