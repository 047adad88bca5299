import { z } from 'zod';
import { styleNames } from '../text/styles.ts';
import { baseModels, bodies, freeSizeBody } from './bodies.ts';
import type { Endpoint } from './endpoints.ts';
import { ApiError } from './errors.ts';
import { parseFields } from './fields.ts';
import { nearMissWarnings, openAiWords } from './near-misses.ts';
import {
  answersBase64,
  generationModels,
  isDefaultEditModel,
  isGenerationModel,
  openAiFamilies,
} from './openai-models.ts';
import type { ResponseBody } from './openapi/response-schemas.ts';
import type { RequestRecord } from './request-record.ts';
import { show } from './show.ts';
import type { SlugName } from './slugs.ts';

/**
 * OpenAI's Images API on top of the two endpoints. Facts of that API: its public reference and the types of
 * the npm package `openai` 7.55. Fields of our own bodies that it does not know (seed, negative_prompt,
 * scheduler ...) may be sent along.
 */

/** Steps by `quality`; the other words leave the endpoint's default. */
const stepsOfQuality: Readonly<Record<string, number>> = { low: 20, high: 50, hd: 50 };

const common = {
  prompt: bodies['sdxl-torch'].shape.prompt,
  n: bodies['sdxl-torch'].shape.samples.meta({ description: 'How many pictures; picture i uses seed + i' }),
  size: z.string().max(20).default('auto'),
  quality: z
    .enum(['auto', 'standard', 'low', 'medium', 'high', 'hd'])
    .default('auto')
    .meta({ description: 'low: 20 steps; high, hd: 50 steps; else the default of the model' }),
  response_format: z
    .enum(['url', 'b64_json'])
    .optional()
    .meta({ description: 'url, except for gpt-image models: those answer b64_json' }),
  output_format: bodies['sdxl-torch'].shape.output_format.unwrap().default('png'),
  background: z.enum(['auto', 'opaque']).default('auto').meta({ description: 'Pictures are opaque' }),
  stream: z
    .literal(false)
    .default(false)
    .meta({ description: 'Not offered here; see GET /v2/requests/{id}/events' }),
};

/** What passes through to the endpoint's own validation, by its own names. */
const passedOn = {
  'sdxl-torch': freeSizeBody.pick({
    ...{
      negative_prompt: true,
      scheduler: true,
      num_inference_steps: true,
      guidance_scale: true,
      seed: true,
    },
    ...{ high_noise_fraction: true, refiner: true, rng: true },
  }),
  'sdxl-img2img': bodies['sdxl-img2img'].pick({
    ...{
      negative_prompt: true,
      scheduler: true,
      num_inference_steps: true,
      guidance_scale: true,
      seed: true,
    },
    ...{ strength: true, rng: true },
  }),
} satisfies Record<Endpoint, z.ZodObject>;

const ownFields = {
  'sdxl-torch': z.object({
    ...common,
    model: z
      .string()
      .min(1)
      .max(64)
      .default('sdxl-torch')
      .meta({ description: `One of: ${generationModels.join(', ')}; or ${openAiFamilies}` }),
    size: common.size.meta({
      description: 'WIDTHxHEIGHT, each 512 to 2048 in steps of 8; auto is 1024x1024',
      examples: ['1024x1024'],
    }),
    style: z
      .enum(['vivid', 'natural', ...styleNames])
      .default('natural')
      .meta({
        description: 'Name of a style template, see GET /v1/styles; vivid and natural are without effect',
      }),
  }),
  'sdxl-img2img': z.object({
    ...common,
    model: z
      .string()
      .min(1)
      .max(64)
      .default('sdxl-img2img')
      .meta({
        description: `sdxl-img2img, one of its base models by name, or ${openAiFamilies}`,
        examples: ['sdxl-img2img', ...baseModels],
      }),
    size: common.size.meta({
      description:
        'WIDTHxHEIGHT: the picture is scaled to cover it and cropped around its centre; auto keeps its size',
    }),
  }),
};

/** Bodies as documented: what OpenAI's API names, and what passes through. */
export const openAiBodies = {
  generations: ownFields['sdxl-torch'].extend(passedOn['sdxl-torch'].shape),
  edits: ownFields['sdxl-img2img'].extend(passedOn['sdxl-img2img'].shape).extend({
    image: bodies['sdxl-img2img'].shape.image,
  }),
};

export interface Size {
  readonly width: number;
  readonly height: number;
}

/** A body in the fields of one of our own. */
export interface TranslatedBody {
  readonly slug: SlugName;
  readonly fields: Readonly<Record<string, unknown>>;
  readonly responseFormat: 'url' | 'b64_json';
  /** What the client asked for; undefined for auto. */
  readonly size: Size | undefined;
  /** What its sender should know of how it was understood. */
  readonly warnings: readonly string[];
}

/** @throws ApiError naming each wrong field. */
export function translateGeneration(raw: unknown): TranslatedBody {
  const body = parseFields(ownFields['sdxl-torch'], raw);
  if (!isGenerationModel(body.model))
    throw new ApiError(
      'invalidParameter',
      `model must be one of: ${generationModels.join(', ')}; or ${openAiFamilies}; got ${show(body.model)}`,
    );
  const size = parseSize(body.size);
  const fields = {
    ...translateCommon('sdxl-torch', raw as object, body),
    style: body.style === 'vivid' || body.style === 'natural' ? 'base' : body.style,
    ...(size && { img_width: size.width, img_height: size.height }),
  };
  const warnings = nearMissWarnings(raw, {
    names: Object.keys(openAiBodies.generations.shape),
    ...openAiWords,
  });
  return { slug: 'sdxl1.0-txt2img', fields, responseFormat: responseFormat(body), size, warnings };
}

/** @throws ApiError naming each wrong field. */
export function translateEdit(raw: unknown): TranslatedBody {
  const body = parseFields(ownFields['sdxl-img2img'], raw);
  const fields = {
    ...translateCommon('sdxl-img2img', raw as object, body),
    ...(!isDefaultEditModel(body.model) && { base_model: body.model }),
    image: (raw as { image?: unknown }).image,
  };
  return {
    ...{ slug: 'sdxl-img2img', fields, responseFormat: responseFormat(body), size: parseSize(body.size) },
    warnings: nearMissWarnings(raw, { names: Object.keys(openAiBodies.edits.shape), ...openAiWords }),
  };
}

interface CommonBody {
  prompt: string;
  model: string;
  n: number;
  quality: string;
  output_format: string;
  response_format?: 'url' | 'b64_json' | undefined;
}

function translateCommon(endpoint: Endpoint, raw: object, body: CommonBody): Record<string, unknown> {
  const names = Object.keys(passedOn[endpoint].shape);
  const steps = stepsOfQuality[body.quality];
  return {
    ...(steps && { num_inference_steps: steps }),
    ...Object.fromEntries(
      Object.entries(raw).filter(([name, value]) => names.includes(name) && value !== null),
    ),
    prompt: body.prompt,
    samples: body.n,
    output_format: body.output_format,
  };
}

/**
 * OpenAI's newer models know no response_format and always answer base64: a client of theirs reads nothing
 * else.
 */
function responseFormat({ model, response_format }: CommonBody): 'url' | 'b64_json' {
  return response_format ?? (answersBase64(model) ? 'b64_json' : 'url');
}

function parseSize(text: string): Size | undefined {
  if (text === 'auto') return undefined;
  const [, width, height] = /^(\d{1,5})x(\d{1,5})$/.exec(text) ?? [];
  const size = { width: Number(width), height: Number(height) };
  const fits = Object.values(size).every((side) => side >= 512 && side <= 2048 && side % 8 === 0);
  if (!fits)
    throw new ApiError(
      'invalidParameter',
      `size must be auto or WIDTHxHEIGHT with sides from 512 to 2048 in steps of 8, got ${show(text)}`,
    );
  return size;
}

/**
 * The answer to a COMPLETED request.
 * @param pictures their bytes where base64 was asked for.
 */
export function imagesReply(
  base: string,
  record: RequestRecord,
  pictures?: readonly Buffer[],
): ResponseBody<'OpenAiImages'> {
  const { images } = record.result!;
  return {
    created: Math.floor(record.finishedAt! / 1000),
    data: pictures
      ? pictures.map((bytes) => ({ b64_json: bytes.toString('base64') }))
      : images.map(({ path }) => ({ url: `${base}/outputs/${path}` })),
    output_format: record.request.outputFormat,
    background: 'opaque',
  };
}
