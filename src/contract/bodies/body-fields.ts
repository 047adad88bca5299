import { z } from 'zod';
import { outputFormats } from '../../images/output-formats.ts';
import { randomAlgorithms } from '../../numerics/random-algorithms.ts';
import { type SchedulerName, schedulerNames } from '../../schedulers/registry.ts';
import { cacheFields } from './cache-fields.ts';
import { clipSkipField, conditioningFields } from './conditioning-fields.ts';
import { loraFields } from './lora-fields.ts';
import { publishedRanges, type Ranges, rangedFields, sideRange } from './ranges.ts';
import { samplerFields } from './sampler-fields.ts';
import { samplingFields } from './sampling-options.ts';
import { maxSeed, variationFields } from './variation-fields.ts';

/**
 * The published names of sdxl-img2img's checkpoints; an installation adds names of its own in its manifests.
 */
export const baseModels = ['juggernaut', 'realvis', 'protovision', 'yamers_realistic'] as const;

/** Fields of every body. */
function commonFields(ranges: Ranges) {
  return {
    prompt: z
      .string()
      .min(1)
      .max(32_768)
      .meta({ description: 'What the picture shows; A1111 weights such as (word:1.3)' }),
    negative_prompt: z
      .string()
      .max(32_768)
      .default(ranges.negativePrompt)
      .meta({ description: 'What the picture must not show' }),
    samples: z
      .int()
      .min(1)
      .max(4)
      .default(1)
      .meta({ description: 'How many pictures; picture i uses seed + i' }),
    seed: z.int().min(-1).max(maxSeed).default(-1).meta({ description: '-1 draws one' }),
    base64: z.boolean().default(false).meta({ description: 'Answer with base64 in JSON' }),
    rng: z.enum(randomAlgorithms).optional().meta({ description: 'Extension: source of the noise' }),
    output_format: z.enum(outputFormats).default('jpeg').meta({ description: 'Extension: file format' }),
    ...variationFields,
    ...samplerFields,
    ...loraFields,
    ...samplingFields,
    ...cacheFields,
    ...conditioningFields,
    clip_skip: clipSkipField(ranges.clipSkip),
    ...rangedFields(ranges),
  };
}

/** Text to image within these ranges, in the one published size. */
export function textToImageBody(ranges: Ranges) {
  return z.object({
    ...commonFields(ranges),
    style: z.string().default('base').meta({ description: 'Name of a style template, see GET /v1/styles' }),
    scheduler: z.enum(schedulerNames('sdxl-torch')).default(ranges.scheduler as SchedulerName<'sdxl-torch'>),
    high_noise_fraction: z.number().min(0).max(1).default(0.8).meta({
      description: 'Share of the schedule that the base model runs; the refiner runs the rest',
    }),
    strength: z.number().min(0.1).max(1).default(0.2).meta({ description: 'Accepted; without effect' }),
    img_width: z.literal(1024).default(1024),
    img_height: z.literal(1024).default(1024),
    refiner: z.boolean().default(ranges.refiner),
    model: z.string().min(1).max(64).optional().meta({
      description:
        'Extension: served name of the base checkpoint, see GET /v1/models; its defaults and ranges hold',
    }),
  });
}

/** Text to image in any size. */
export function freeSizeTextToImageBody(ranges: Ranges) {
  return textToImageBody(ranges).extend({ img_width: side(ranges.width), img_height: side(ranges.height) });
}

function side(length: number) {
  const { least, most, step } = sideRange;
  return z.int().min(least).max(most).multipleOf(step).default(length);
}

/** Image to image within these ranges. */
export function imageToImageBody(ranges: Ranges) {
  return z.object({
    ...commonFields(ranges),
    image: z
      .string()
      .min(1)
      .meta({ description: 'https URL, data URI or base64; or a file part of this name' }),
    base_model: z
      .string()
      .min(1)
      .max(64)
      .default('juggernaut')
      .meta({ description: 'Name of an installed checkpoint', examples: [...baseModels] }),
    scheduler: z
      .enum(schedulerNames('sdxl-img2img'))
      .default(ranges.scheduler as SchedulerName<'sdxl-img2img'>),
    strength: z.number().min(0.1).max(1).default(0.65),
  });
}

/** As published; what a request asks for by an extension may widen ranges and change defaults. */
export const publishedBodies = {
  'sdxl-torch': textToImageBody(publishedRanges['sdxl-torch']),
  freeSize: freeSizeTextToImageBody(publishedRanges['sdxl-torch']),
  'sdxl-img2img': imageToImageBody(publishedRanges['sdxl-img2img']),
};
