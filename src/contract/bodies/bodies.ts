import type { z } from 'zod';
import type { OutputFormat } from '../../images/output-formats.ts';
import type { RandomAlgorithm } from '../../numerics/random-algorithms.ts';
import type { SamplerName } from '../../schedulers/samplers.ts';
import type { ScheduleName } from '../../schedulers/schedules/named-schedules.ts';
import { withWarnings } from '../answers/warnings.ts';
import type { Endpoint } from '../endpoints.ts';
import { type FewStepNoise, usualParts, withLoraProfile } from '../few-steps.ts';
import type { ImageToImageRequest, TextToImageRequest } from '../generation.ts';
import { type ModelProfile, type NamedModel, ordinaryProfile } from '../model-profile.ts';
import { withSamplerNames } from '../names/sampler-aliases.ts';
import { withSchedulerName } from '../names/scheduler-aliases.ts';
import { styleNamed } from '../names/style-names.ts';
import {
  freeSizeTextToImageBody,
  imageToImageBody,
  publishedBodies,
  textToImageBody,
} from './body-fields.ts';
import { cacheOf, withCacheObject } from './cache-fields.ts';
import { conditioningOf } from './conditioning-fields.ts';
import { parseFields } from './fields.ts';
import { lorasOf } from './lora-fields.ts';
import { type Asked, rangesOf, requireStep } from './ranges.ts';
import { asksSampler, guidanceScaleOf, schedulerOf } from './sampler-fields.ts';
import { samplingRefinementsOf } from './sampling-options.ts';
import { pictureOptionsOf } from './variation-fields.ts';

/**
 * What a body says of its pictures, by endpoint, in the names and ranges of the published API; what it says
 * of its handling is submit-options.ts.
 */

export const bodies = {
  'sdxl-torch': publishedBodies['sdxl-torch'],
  'sdxl-img2img': publishedBodies['sdxl-img2img'],
} satisfies Record<Endpoint, z.ZodObject>;

/** The body of text to image under the older name of the published API, which takes sizes. */
export const freeSizeBody = publishedBodies.freeSize;

/** Bodies with other ranges, by what is asked for. */
const otherBodies = new Map<string, typeof publishedBodies>();
const mostKept = 64;

/** The bodies of requests that ask for this. */
function bodiesOf(asked: Asked): typeof publishedBodies {
  if (asked.sampler !== true && asked.profile === undefined) return publishedBodies;
  const key = JSON.stringify([asked.sampler === true, asked.profile]);
  const known = otherBodies.get(key);
  if (known !== undefined) return known;
  if (otherBodies.size >= mostKept) otherBodies.clear();
  const texts = rangesOf('sdxl-torch', asked);
  const made = {
    'sdxl-torch': textToImageBody(texts),
    freeSize: freeSizeTextToImageBody(texts),
    'sdxl-img2img': imageToImageBody(rangesOf('sdxl-img2img', asked)),
  };
  otherBodies.set(key, made);
  return made;
}

/** What a body leaves open and the gateway fills in. */
export interface RequestDefaults {
  /** Draws a seed where the client gave none or -1. */
  readonly drawSeed: () => number;
  readonly rng: RandomAlgorithm;
  /** Whether pictures say how they were made where the client does not say. */
  readonly embedParameters?: boolean;
}

/** What a LoRA of few steps makes of the request that names it. */
export interface FewStepAsked {
  readonly profile: ModelProfile;
  readonly noise: FewStepNoise;
}

/** The profile that holds for a request; undefined where the published one does. */
function asked(model: ModelProfile | undefined, fewStep: FewStepAsked | undefined): ModelProfile | undefined {
  return fewStep === undefined ? model : withLoraProfile(model ?? ordinaryProfile, fewStep.profile);
}

/**
 * @param freeSize whether `img_width` and `img_height` may be other than 1024.
 * @param model that it names by an extension: sizes are free, and its own ranges and defaults hold. The
 * body's own `model` is read by who knows what is served.
 * @param fewStep of a LoRA that it names: its ranges and defaults count more than the model's.
 * @throws ApiError naming each wrong field.
 */
export function parseTextToImage(
  raw: unknown,
  defaults: RequestDefaults,
  freeSize = false,
  model?: NamedModel,
  fewStep?: FewStepAsked,
): TextToImageRequest {
  const { fields, warnings } = withSchedulerName('sdxl-torch', namedParts(withoutModel(raw)));
  const profile = asked(model && (model.profile ?? ordinaryProfile), fewStep);
  const bodies = bodiesOf({ sampler: asksSampler(fields), profile });
  const body =
    freeSize || model ? parseFields(bodies.freeSize, fields) : parseFields(bodies['sdxl-torch'], fields);
  const style = styleNamed(body.style);
  const endpoint = 'sdxl-torch';
  const request: TextToImageRequest = {
    endpoint,
    ...commonRequest(endpoint, body, fields, defaults, fewStep),
    ...(model && { model: model.name }),
    style,
    highNoiseFraction: body.high_noise_fraction,
    refiner: body.refiner,
    width: body.img_width,
    height: body.img_height,
  };
  return withWarnings(request, warnings);
}

/** A body with what its parts are called here. */
const namedParts = (fields: unknown) => withCacheObject(withSamplerNames(fields));

function withoutModel(raw: unknown): unknown {
  if (typeof raw !== 'object' || raw === null || !Object.hasOwn(raw, 'model')) return raw;
  const { model: _, ...fields } = raw as Record<string, unknown>;
  return fields;
}

/**
 * The request but for its picture, which is still what the client sent. A picture that came as a file part
 * stands in `file`.
 */
export type ParsedImageToImage = Omit<ImageToImageRequest, 'imageKey'> & {
  readonly image: string | Uint8Array;
};

/**
 * @param model what a base model says of itself that it names by an extension.
 * @param fewStep as of text to image.
 * @throws ApiError naming each wrong field.
 */
export function parseImageToImage(
  raw: unknown,
  defaults: RequestDefaults,
  file?: Uint8Array,
  model?: ModelProfile,
  fewStep?: FewStepAsked,
): ParsedImageToImage {
  const profile = asked(model, fewStep);
  const { fields, warnings } = withSchedulerName('sdxl-img2img', namedParts(raw));
  const schema = bodiesOf({ sampler: asksSampler(fields), profile })['sdxl-img2img'];
  const body = parseFields(schema, file ? { ...(fields as object), image: 'file' } : fields);
  requireStep(body.num_inference_steps, body.strength);
  const endpoint = 'sdxl-img2img';
  const request: ParsedImageToImage = {
    endpoint,
    ...commonRequest(endpoint, body, fields, defaults, fewStep),
    baseModel: body.base_model,
    image: file ?? body.image,
  };
  return withWarnings(request, warnings);
}

interface CommonBody {
  prompt: string;
  loras?: Parameters<typeof lorasOf>[1];
  original_size?: readonly number[] | undefined;
  target_size?: readonly number[] | undefined;
  crop?: readonly number[] | undefined;
  clip_skip?: number | undefined;
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
  eta?: number | undefined;
  s_churn?: number | undefined;
  s_tmin?: number | undefined;
  s_tmax?: number | undefined;
  s_noise?: number | undefined;
  guidance_rescale?: number | undefined;
  guidance_start?: number | undefined;
  guidance_end?: number | undefined;
  cache?: Parameters<typeof cacheOf>[0];
}

function commonRequest(
  endpoint: Endpoint,
  body: CommonBody,
  fields: unknown,
  defaults: RequestDefaults,
  fewStep: FewStepAsked | undefined,
) {
  const scheduler = schedulerOf(body, fields, fewStep && usualParts(fewStep.profile));
  return {
    ...samplingRefinementsOf(body, endpoint, scheduler),
    ...cacheOf(body.cache, endpoint, scheduler),
    ...lorasOf(body.prompt, body.loras),
    ...(fewStep && Object.keys(fewStep.noise).length > 0 && { fewStepNoise: fewStep.noise }),
    ...conditioningOf(body),
    negativePrompt: body.negative_prompt,
    samples: body.samples,
    scheduler,
    steps: body.num_inference_steps,
    guidanceScale: guidanceScaleOf(body, fields),
    strength: body.strength,
    seed: body.seed === -1 ? defaults.drawSeed() : body.seed,
    base64: body.base64,
    outputFormat: body.output_format,
    rng: body.rng ?? defaults.rng,
    ...pictureOptionsOf(body, defaults),
  };
}
