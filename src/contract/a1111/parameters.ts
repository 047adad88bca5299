import type { A1111Operation } from './bodies.ts';

/** What A1111's answer repeats of a request: every field of its models, by its default. */

/** Fields of both operations and their defaults: modules/processing.py, commit 0027ce1. */
const common = {
  prompt: '',
  styles: null,
  seed: -1,
  subseed: -1,
  subseed_strength: 0,
  seed_resize_from_h: -1,
  seed_resize_from_w: -1,
  sampler_name: null,
  scheduler: null,
  batch_size: 1,
  n_iter: 1,
  steps: 50,
  cfg_scale: 7,
  width: 512,
  height: 512,
  restore_faces: null,
  tiling: null,
  do_not_save_samples: false,
  do_not_save_grid: false,
  eta: null,
  negative_prompt: '',
  s_churn: null,
  s_tmax: null,
  s_tmin: null,
  s_noise: null,
  s_min_uncond: null,
  override_settings: {},
  override_settings_restore_afterwards: true,
  refiner_checkpoint: null,
  refiner_switch_at: null,
  disable_extra_networks: false,
  firstpass_image: null,
  comments: null,
  sampler_index: 'Euler',
  script_name: null,
  script_args: [],
  send_images: true,
  save_images: false,
  alwayson_scripts: {},
  force_task_id: null,
  infotext: null,
};

const own = {
  txt2img: {
    denoising_strength: 0.75,
    enable_hr: false,
    hr_scale: 2,
    hr_upscaler: null,
    hr_second_pass_steps: 0,
    hr_resize_x: 0,
    hr_resize_y: 0,
    hr_checkpoint_name: null,
    hr_sampler_name: null,
    hr_scheduler: null,
    hr_prompt: '',
    hr_negative_prompt: '',
    firstphase_width: 0,
    firstphase_height: 0,
  },
  img2img: {
    init_images: null,
    denoising_strength: 0.75,
    resize_mode: 0,
    image_cfg_scale: null,
    mask: null,
    mask_blur_x: 4,
    mask_blur_y: 4,
    mask_blur: null,
    mask_round: true,
    inpainting_fill: 0,
    inpaint_full_res: true,
    inpaint_full_res_padding: 0,
    inpainting_mask_invert: 0,
    initial_noise_multiplier: null,
    latent_mask: null,
  },
} satisfies Record<A1111Operation, object>;

/**
 * `parameters` of an answer.
 * @param given the body as it was sent; of what A1111 does not know nothing is repeated.
 */
export function parametersOf(operation: A1111Operation, given: object): Record<string, unknown> {
  const defaults: Record<string, unknown> = { ...common, ...own[operation] };
  const known = Object.entries(given).filter(
    ([name, value]) => Object.hasOwn(defaults, name) && value !== undefined,
  );
  const { include_init_images: keepsInput } = given as { include_init_images?: unknown };
  return {
    ...defaults,
    ...Object.fromEntries(known),
    // As there: the answer of a picture does not bring the picture it came from, unless asked.
    ...(operation === 'img2img' && keepsInput !== true && { init_images: null, mask: null }),
  };
}
