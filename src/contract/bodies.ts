import { z } from 'zod';
import { type OutputFormat, outputFormats } from '../images/output-formats.ts';
import { type RandomAlgorithm, randomAlgorithms } from '../numerics/random-algorithms.ts';
import { schedulerNames } from '../schedulers/registry.ts';
import type { SamplerName } from '../schedulers/samplers.ts';
import type { ScheduleName } from '../schedulers/schedules/named-schedules.ts';
import { canonicalStyle, styleNames } from '../text/styles.ts';
import type { Endpoint } from './endpoints.ts';
import { ApiError } from './errors.ts';
import { parseFields } from './fields.ts';
import type { ImageToImageRequest, TextToImageRequest } from './generation.ts';
import { publishedRanges, rangedFields, requireStep, samplerRanges } from './ranges.ts';
import { withSamplerNames } from './sampler-aliases.ts';
import { asksSampler, samplerFields, schedulerOf } from './sampler-fields.ts';
import { withSchedulerName } from './scheduler-aliases.ts';
import { show } from './show.ts';
import { maxSeed, pictureOptionsOf, variationFields } from './variation-fields.ts';
import { withWarnings } from './warnings.ts';

/**
 * What a body says of its pictures, by endpoint, in the names and ranges of the published API; what it says
 * of its handling is submit-options.ts.
 */

/**
 * The published names of sdxl-img2img's checkpoints; an installation adds names of its own in its manifests.
 */
export const baseModels = ['juggernaut', 'realvis', 'protovision', 'yamers_realistic'] as const;

const common = {
  prompt: z
    .string()
    .min(1)
    .max(32_768)
    .meta({ description: 'What the picture shows; A1111 weights such as (word:1.3)' }),
  negative_prompt: z.string().max(32_768).default('').meta({ description: 'What the picture must not show' }),
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
};

export const bodies = {
  'sdxl-torch': z.object({
    ...common,
    style: z.string().default('base').meta({ description: 'Name of a style template, see GET /v1/styles' }),
    scheduler: z.enum(schedulerNames('sdxl-torch')).default('UniPC'),
    ...rangedFields(publishedRanges['sdxl-torch']),
    high_noise_fraction: z.number().min(0).max(1).default(0.8).meta({
      description: 'Share of the schedule that the base model runs; the refiner runs the rest',
    }),
    strength: z.number().min(0.1).max(1).default(0.2).meta({ description: 'Accepted; without effect' }),
    img_width: z.literal(1024).default(1024),
    img_height: z.literal(1024).default(1024),
    refiner: z.boolean().default(true),
  }),
  'sdxl-img2img': z.object({
    ...common,
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
    scheduler: z.enum(schedulerNames('sdxl-img2img')).default('UniPC'),
    ...rangedFields(publishedRanges['sdxl-img2img']),
    strength: z.number().min(0.1).max(1).default(0.65),
  }),
} satisfies Record<Endpoint, z.ZodObject>;

const side = z.int().min(512).max(2048).multipleOf(8).default(1024);

/** The body of text to image under the older name of the published API, which takes sizes. */
export const freeSizeBody = bodies['sdxl-torch'].extend({ img_width: side, img_height: side });

/** The same bodies where a sampler is named, which widens the ranges. */
const samplerBodies = {
  'sdxl-torch': bodies['sdxl-torch'].extend(rangedFields(samplerRanges('sdxl-torch'))),
  freeSize: freeSizeBody.extend(rangedFields(samplerRanges('sdxl-torch'))),
  'sdxl-img2img': bodies['sdxl-img2img'].extend(rangedFields(samplerRanges('sdxl-img2img'))),
};

/** What a body leaves open and the gateway fills in. */
export interface RequestDefaults {
  /** Draws a seed where the client gave none or -1. */
  readonly drawSeed: () => number;
  readonly rng: RandomAlgorithm;
  /** Whether pictures say how they were made where the client does not say. */
  readonly embedParameters?: boolean;
}

/**
 * @param freeSize whether `img_width` and `img_height` may be other than 1024.
 * @throws ApiError naming each wrong field.
 */
export function parseTextToImage(
  raw: unknown,
  defaults: RequestDefaults,
  freeSize = false,
): TextToImageRequest {
  const { fields, warnings } = withSchedulerName('sdxl-torch', withSamplerNames(raw));
  const body = asksSampler(fields)
    ? freeSize
      ? parseFields(samplerBodies.freeSize, fields)
      : parseFields(samplerBodies['sdxl-torch'], fields)
    : freeSize
      ? parseFields(freeSizeBody, fields)
      : parseFields(bodies['sdxl-torch'], fields);
  const style = canonicalStyle(body.style);
  if (style === undefined)
    throw new ApiError(
      'invalidParameter',
      `style must be one of: ${styleNames.join(', ')}, got ${show(body.style)}`,
    );
  const request: TextToImageRequest = {
    endpoint: 'sdxl-torch',
    ...commonRequest(body, fields, defaults),
    style,
    highNoiseFraction: body.high_noise_fraction,
    refiner: body.refiner,
    width: body.img_width,
    height: body.img_height,
  };
  return withWarnings(request, warnings);
}

/**
 * The request but for its picture, which is still what the client sent. A picture that came as a file part
 * stands in `file`.
 */
export type ParsedImageToImage = Omit<ImageToImageRequest, 'imageKey'> & {
  readonly image: string | Uint8Array;
};

/** @throws ApiError naming each wrong field. */
export function parseImageToImage(
  raw: unknown,
  defaults: RequestDefaults,
  file?: Uint8Array,
): ParsedImageToImage {
  const { fields, warnings } = withSchedulerName('sdxl-img2img', withSamplerNames(raw));
  const schema = asksSampler(fields) ? samplerBodies['sdxl-img2img'] : bodies['sdxl-img2img'];
  const body = parseFields(schema, file ? { ...(fields as object), image: 'file' } : fields);
  requireStep(body.num_inference_steps, body.strength);
  const request: ParsedImageToImage = {
    endpoint: 'sdxl-img2img',
    ...commonRequest(body, fields, defaults),
    baseModel: body.base_model,
    image: file ?? body.image,
  };
  return withWarnings(request, warnings);
}

interface CommonBody {
  prompt: string;
  negative_prompt: string;
  samples: number;
  scheduler: string;
  sampler?: SamplerName | undefined;
  schedule?: ScheduleName | undefined;
  num_inference_steps: number;
  guidance_scale: number;
  strength: number;
  seed: number;
  base64: boolean;
  rng?: RandomAlgorithm | undefined;
  output_format: OutputFormat;
  subseed?: number | undefined;
  subseed_strength?: number | undefined;
  seed_resize_from_w?: number | undefined;
  seed_resize_from_h?: number | undefined;
  embed_parameters?: boolean | undefined;
}

function commonRequest(body: CommonBody, fields: unknown, defaults: RequestDefaults) {
  return {
    prompt: body.prompt,
    negativePrompt: body.negative_prompt,
    samples: body.samples,
    scheduler: schedulerOf(body, fields),
    steps: body.num_inference_steps,
    guidanceScale: body.guidance_scale,
    strength: body.strength,
    seed: body.seed === -1 ? defaults.drawSeed() : body.seed,
    base64: body.base64,
    outputFormat: body.output_format,
    rng: body.rng ?? defaults.rng,
    ...pictureOptionsOf(body, defaults),
  };
}
