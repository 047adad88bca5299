import { z } from 'zod';
import { bodies } from '../bodies/bodies.ts';
import { maxSeed, variationFields } from '../bodies/variation-fields.ts';

/**
 * Bodies of AUTOMATIC1111's API: what of them has an effect here, or is refused. Names and defaults:
 * modules/api/models.py (commit 008a8e7) and modules/processing.py (commit 0027ce1). null counts as absent,
 * and unknown fields are ignored, as there.
 */

const { prompt, negative_prompt, eta, s_churn, s_tmin, s_tmax, s_noise, cache } = bodies['sdxl-torch'].shape;
const text = (most = 256) => z.string().max(most).optional();
const count = (most: number, usual: number) => z.int().min(1).max(most).default(usual);
/** Latents have a side of 8 pixels; what is left of that is cut off, as there. */
const side = z.int().min(64).max(2048).default(512);

/** Pictures of one request together. */
export const mostPictures = 16;

const common = {
  prompt: z
    .string()
    .max(32_768)
    .default('')
    .meta({ description: prompt.description ?? '' }),
  negative_prompt,
  styles: z.array(z.string().max(256)).max(64).default([]).meta({
    description: 'Names of style templates, see GET /sdapi/v1/prompt-styles; unknown ones are ignored',
  }),
  seed: z
    .int()
    .min(-1)
    .max(maxSeed)
    .default(-1)
    .meta({ description: '-1 draws one; picture i has seed + i' }),
  subseed: variationFields.subseed,
  subseed_strength: variationFields.subseed_strength,
  seed_resize_from_w: z.int().min(-1).max(2048).default(-1),
  seed_resize_from_h: z.int().min(-1).max(2048).default(-1),
  sampler_name: text().meta({
    description: 'See GET /sdapi/v1/samplers; may end in the name of a scheduler',
  }),
  sampler_index: text().meta({ description: 'Where sampler_name is not given; Euler' }),
  scheduler: text().meta({ description: 'See GET /sdapi/v1/schedulers' }),
  batch_size: count(8, 1).meta({ description: 'Pictures of one iteration' }),
  n_iter: count(mostPictures, 1).meta({
    description: `Iterations, one after another; with batch_size at most ${mostPictures} pictures`,
  }),
  steps: z.int().min(1).max(100).default(50),
  cfg_scale: z.number().min(0).max(25).default(7),
  width: side,
  height: side,
  eta: eta.meta({ description: 'Share of new noise; without effect on a sampler that has none' }),
  s_churn: s_churn.meta({ description: 'Stochasticity of Euler, Heun and DPM2; without effect on others' }),
  s_tmin,
  s_tmax: s_tmax.meta({ description: 'Largest sigma with s_churn; 0: all' }),
  s_noise,
  cache,
  override_settings: z
    .record(z.string(), z.unknown())
    .default({})
    .meta({
      description:
        'Read: sd_model_checkpoint, samples_format (png, jpg, webp), jpeg_quality, enable_pnginfo, ' +
        'randn_source (CPU, GPU, NV), CLIP_stop_at_last_layers (1 and 2 are what SDXL takes anyway)',
    }),
  send_images: z.boolean().default(true),
  infotext: text(131_072).meta({ description: 'Parameters as pictures hold them, for what is not given' }),
  script_name: text().meta({ description: 'There are none: refused unless empty' }),
  alwayson_scripts: z.record(z.string(), z.unknown()).default({}).meta({
    description: 'Sampler, Seed and Refiner are taken and ignored; others are not there',
  }),
};

export const a1111Bodies = {
  txt2img: z.object({
    ...common,
    enable_hr: z.boolean().default(false).meta({ description: 'Refused where true' }),
    refiner_checkpoint: text().meta({ description: 'sdxl-refiner, or None' }),
    refiner_switch_at: z.number().min(0).max(1).optional().meta({ description: '0.8 unless given' }),
  }),
  img2img: z.object({
    ...common,
    init_images: z
      .array(z.string())
      .optional()
      .meta({ description: 'One picture: base64, a data URI or an https URL' }),
    include_init_images: z.boolean().default(false),
    denoising_strength: z.number().min(0.1).max(1).default(0.75),
    resize_mode: z.int().min(0).max(3).default(0).meta({
      description: '0 stretches the picture to width x height, 1 crops it, 2 fills its borders; 3 is refused',
    }),
    mask: z.string().optional().meta({ description: 'Refused unless empty' }),
  }),
  pngInfo: z.object({ image: z.string().min(1).meta({ description: 'base64 or a data URI' }) }),
  options: z.object({
    sd_model_checkpoint: text().meta({ description: 'For all further requests of this key' }),
  }),
};

export type A1111Operation = 'txt2img' | 'img2img';
