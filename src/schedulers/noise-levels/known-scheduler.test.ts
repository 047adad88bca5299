import assert from 'node:assert/strict';
import { test } from 'node:test';
import { requireKnownScheduler } from './known-scheduler.ts';
import { schedulerSettings } from './scheduler-config.ts';

const sdxl = {
  _class_name: 'EulerDiscreteScheduler',
  _diffusers_version: '0.19.0.dev0',
  beta_end: 0.012,
  beta_schedule: 'scaled_linear',
  beta_start: 0.00085,
  clip_sample: false,
  interpolation_type: 'linear',
  num_train_timesteps: 1000,
  prediction_type: 'epsilon',
  sample_max_value: 1.0,
  set_alpha_to_one: false,
  skip_prk_steps: true,
  steps_offset: 1,
  timestep_spacing: 'leading',
  trained_betas: null,
  use_karras_sigmas: false,
};

test("SDXL's published config, and those of fine-tunes with other solvers, are accepted", () => {
  requireKnownScheduler(sdxl);
  requireKnownScheduler({});
  requireKnownScheduler({
    ...sdxl,
    _class_name: 'DPMSolverMultistepScheduler',
    algorithm_type: 'sde-dpmsolver++',
    dynamic_thresholding_ratio: 0.995,
    euler_at_final: false,
    final_sigmas_type: 'zero',
    flow_shift: 1,
    lambda_min_clipped: Number.NEGATIVE_INFINITY,
    lower_order_final: true,
    rescale_betas_zero_snr: true,
    solver_order: 2,
    solver_type: 'midpoint',
    thresholding: false,
    use_flow_sigmas: false,
    use_karras_sigmas: true,
    use_lu_lambdas: false,
    variance_type: null,
  });
  requireKnownScheduler({ _class_name: 'EDMEulerScheduler', sigma_data: 0.5, beta_start: 0.00085 });
});

const refused: [title: string, change: Record<string, unknown>, message: RegExp][] = [
  [
    'flow matching',
    { _class_name: 'FlowMatchEulerDiscreteScheduler' },
    /_class_name is "FlowMatchEulerDiscr/,
  ],
  ['flow matching with Heun', { _class_name: 'FlowMatchHeunDiscreteScheduler' }, /not supported/],
  [
    'a consistency model of other timesteps',
    { _class_name: 'LCMScheduler', original_inference_steps: 100 },
    /original_inference_steps is 100/,
  ],
  ['a cosine EDM', { _class_name: 'CosineDPMSolverMultistepScheduler' }, /_class_name is "CosineDPM/],
  ['a class that is no text', { _class_name: 3 }, /_class_name is 3/],
  ['continuous timesteps', { timestep_type: 'continuous' }, /timestep_type is "continuous", only "discrete"/],
  ['a highest sigma beside a table', { sigma_max: 700 }, /sigma_max is 700, which only EDM classes honour/],
  ['a lowest sigma beside a table', { sigma_min: 0.002 }, /sigma_min is 0\.002/],
  ['log-linear interpolation', { interpolation_type: 'log_linear' }, /interpolation_type is "log_linear"/],
  ['beta sigmas', { use_beta_sigmas: true }, /use_beta_sigmas is true, only false/],
  ['flow sigmas', { use_flow_sigmas: true }, /use_flow_sigmas is true/],
  ['Lu lambdas', { use_lu_lambdas: true }, /use_lu_lambdas is true/],
  ['dynamic shifting', { use_dynamic_shifting: true }, /use_dynamic_shifting is true/],
  ['clipped samples', { clip_sample: true }, /clip_sample is true/],
  ['thresholding', { thresholding: true }, /thresholding is true/],
  ['a learned variance', { variance_type: 'learned_range' }, /variance_type is "learned_range"/],
  ['clipped lambdas', { lambda_min_clipped: -5.1 }, /lambda_min_clipped is -5\.1, only -Infinity/],
  ['a shift of flow matching', { shift: 3 }, /shift is 3, which is no key of a supported scheduler/],
  ['a misspelt key', { predicton_type: 'v_prediction' }, /predicton_type is "v_prediction", which is no key/],
  [
    'Karras levels of an EDM class by the other key',
    { _class_name: 'EDMEulerScheduler', use_karras_sigmas: true },
    /use_karras_sigmas is true, which an EDM class does not know/,
  ],
  [
    'zero terminal SNR of an EDM class',
    { _class_name: 'EDMEulerScheduler', rescale_betas_zero_snr: true },
    /rescale_betas_zero_snr is true/,
  ],
  [
    'EDM without spread',
    { _class_name: 'EDMEulerScheduler', sigma_data: 0 },
    /sigma_data is 0, expected a number/,
  ],
  [
    'an EDM range that is none',
    { _class_name: 'EDMDPMSolverMultistepScheduler', sigma_min: 90 },
    /sigma_min is 90, expected less than sigma_max 80/,
  ],
  [
    'an unknown EDM spacing',
    { _class_name: 'EDMEulerScheduler', sigma_schedule: 'beta' },
    /sigma_schedule is "beta", expected "karras" or "exponential"/,
  ],
];
for (const [title, change, message] of refused)
  test(`${title} is refused by class or key`, () => {
    assert.throws(() => requireKnownScheduler({ ...sdxl, ...change }), message);
  });

for (const [title, change, message] of [
  ['flow prediction', { prediction_type: 'flow_prediction' }, /prediction_type is "flow_prediction"/],
  [
    'two spacings at once',
    { use_karras_sigmas: true, use_exponential_sigmas: true },
    /use_karras_sigmas and use_exponential_sigmas contradict each other/,
  ],
  ['a table of a thousand million', { num_train_timesteps: 1e9 }, /num_train_timesteps is 1000000000/],
] as const)
  test(`${title} is refused where the settings are read`, () => {
    assert.throws(() => schedulerSettings({ ...sdxl, ...change }), message);
  });
