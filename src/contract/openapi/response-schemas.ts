import { z } from 'zod';
import { randomAlgorithms } from '../../numerics/random-algorithms.ts';
import { cacheNames } from '../../schedulers/caching/cache-kinds.ts';
import { adapterListSchema } from '../answers/adapters.ts';
import { adminResponses } from '../answers/admin.ts';
import { capabilitiesSchema, tokenizeSchema } from '../answers/capabilities.ts';
import { memoryReport } from '../answers/memory-report.ts';
import { signInSchema } from '../answers/sign-in.ts';
import { batchResponses } from '../bodies/batches.ts';
import { endpoints } from '../endpoints.ts';
import { pictureParametersSchema } from '../infotext/picture-parameters.ts';
import { a1111Responses } from './a1111-schemas.ts';
import { openAiCompletedImage, openAiImages, openAiModel, openAiPartialImage } from './openai-schemas.ts';

/** What the service answers, field by field; strict, so that the tests notice a field nobody documented. */

const links = {
  status_url: z.url().meta({ description: 'Absolute; poll it' }),
  response_url: z.url().meta({ description: 'Absolute; the full result' }),
};

const timings = {
  inference_time: z.number().min(0).meta({ description: 'Seconds' }),
  queue_time: z.number().min(0).meta({ description: 'Seconds from submit to start' }),
  total_time: z.number().min(0).meta({ description: 'Seconds from submit to end' }),
  retry_count: z.int().min(1).optional().meta({ description: 'Only after a second attempt' }),
};

const warnings = z
  .array(z.string())
  .min(1)
  .optional()
  .meta({ description: 'Extension: what to know of how the request was understood; absent without any' });

const request_id = z.uuid();
const base64 = z.string().meta({ contentEncoding: 'base64' });
const base64Pictures = z
  .union([base64, z.array(base64)])
  .meta({ description: 'Base64 without a data: prefix; an array where samples > 1' });

const failed = z.strictObject({
  status: z.literal('FAILED'),
  request_id,
  ...links,
  error: z.string().meta({ description: 'Why it failed' }),
  metrics: z.strictObject(timings),
});

const unfinished = z.strictObject({
  status: z.enum(['QUEUED', 'PROCESSING']),
  request_id,
  ...links,
  metrics: z.strictObject({}),
});

const hashed = z
  .string()
  .nullable()
  .meta({ description: 'SHA-256 of its file; null while it is being computed' });

const determinism = z
  .strictObject({
    checkpoints: z.array(
      z.strictObject({
        name: z.string(),
        weights: z
          .record(z.string(), z.string().nullable())
          .meta({ description: 'SHA-256 by file; null while it is being computed' }),
      }),
    ),
    loras: z
      .array(
        z.strictObject({
          ...{ name: z.string(), weight: z.number(), text_encoder_weight: z.number().optional() },
          sha256: hashed,
        }),
      )
      .optional(),
    embeddings: z.array(z.strictObject({ name: z.string(), sha256: hashed })).optional(),
    device: z.string(),
    device_reason: z.string().optional().meta({ description: 'Why DEVICE=auto has become this device' }),
    runtime: z.string(),
    precision: z.string(),
    repeatable: z.boolean().optional().meta({
      description: 'Whether the same request gives the same bytes each time on this device, driver and build',
    }),
    vae_tiled: z
      .literal(true)
      .optional()
      .meta({ description: 'Decoded in overlapping tiles: pixels differ a little from a whole decode' }),
    scheduler: z.string(),
    rng: z.enum(randomAlgorithms),
    cache: z
      .looseObject({ name: z.enum(cacheNames) })
      .optional()
      .meta({ description: 'What forecast some evaluations of the networks, with its parameters' }),
    images: z.array(
      z.strictObject({
        seed: z.int(),
        latent_sha256: z.string().meta({ description: 'Of the final latents, float32 little-endian' }),
        evaluations: z
          .strictObject({ computed: z.int(), forecast: z.int() })
          .optional()
          .meta({ description: 'With a cache: how many the networks made, and how many were forecast' }),
      }),
    ),
  })
  .meta({ description: 'What decides the bits of the pictures' });

export const responseSchemas = {
  Error: z.strictObject({ error: z.string().meta({ description: 'What went wrong, for people' }) }),
  SubmitReply: z.strictObject({
    request_id,
    status: z.literal('QUEUED'),
    poll_url: z.url().meta({ description: 'Absolute; as response_url' }),
    ...links,
  }),
  Failed: failed,
  Status: z.discriminatedUnion('status', [
    unfinished,
    z.strictObject({
      status: z.literal('COMPLETED'),
      request_id,
      ...links,
      metrics: z.strictObject(timings),
    }),
  ]),
  Result: z.discriminatedUnion('status', [
    z.strictObject({
      status: z.literal('COMPLETED'),
      request_id,
      ...links,
      error: z.null(),
      output: z.url().meta({ description: 'The first picture; needs no key' }),
      images: z.array(
        z.strictObject({
          url: z.url(),
          content_type: z.enum(['image/jpeg', 'image/png', 'image/webp']),
          file_name: z.string(),
          file_size: z.string().regex(/^\d+$/).meta({ description: 'Bytes' }),
        }),
      ),
      image: base64Pictures.optional(),
      seed: z
        .string()
        .regex(/^\d+$/)
        .meta({ description: 'Seed of the first picture; picture i has seed + i' }),
      prompt: z.string(),
      metrics: z.strictObject({ cost: z.number(), remaining_credits: z.number(), ...timings }),
      determinism: determinism.optional(),
      warnings,
    }),
    unfinished,
  ]),
  SyncReply: z.strictObject({
    image: base64Pictures,
    status: z.literal('success'),
    infer_time: timings.inference_time,
    seed: z.int(),
    warnings,
  }),
  Styles: z.strictObject({
    default: z.string(),
    styles: z.array(z.strictObject({ name: z.string(), aliases: z.array(z.string()) })),
  }),
  Schedulers: z.record(
    z.enum(endpoints),
    z.strictObject({
      default: z.string(),
      schedulers: z.array(z.string()),
      aliases: z.record(z.string(), z.string()),
    }),
  ),
  Samplers: z.strictObject({
    samplers: z.array(
      z.strictObject({
        name: z.string(),
        method: z.string(),
        noise: z.enum(['none', 'normal', 'brownian']),
        source: z.string(),
        default_schedule: z.string(),
        schedules: z.array(z.string()),
        options: z.array(z.string()).meta({ description: 'Fields that mean something to it' }),
        default_guidance_scale: z
          .number()
          .optional()
          .meta({ description: "Where it is another than the endpoint's" }),
      }),
    ),
    schedules: z.array(z.strictObject({ name: z.string(), description: z.string() })),
    minimum: z
      .strictObject({ num_inference_steps: z.int(), guidance_scale: z.number() })
      .meta({ description: 'From where on these fields go with a sampler or a schedule' }),
  }),
  UserCredits: z.strictObject({ credits: z.number(), 'free-credits': z.number() }),
  Credits: z.strictObject({
    data: z.strictObject({ credits: z.strictObject({ remaining: z.number(), used: z.number() }) }),
  }),
  Adapters: adapterListSchema,
  Capabilities: capabilitiesSchema,
  Tokenized: tokenizeSchema,
  PictureParameters: pictureParametersSchema,
  SignIn: signInSchema,
  Health: z.strictObject({ status: z.literal('ok') }),
  Ready: z.strictObject({
    status: z.literal('ready'),
    workers: z.int().min(1),
    devices: z
      .array(
        z.strictObject({
          device: z.string(),
          reason: z.string().optional(),
          memory: memoryReport.optional().meta({ description: 'How the worker uses its memory' }),
        }),
      )
      .meta({ description: 'Of the workers, and why DEVICE=auto has become that' }),
  }),
  NotReady: z.strictObject({ status: z.literal('not ready'), error: z.string(), workers: z.literal(0) }),
  OpenAiImages: openAiImages,
  OpenAiPartialImage: openAiPartialImage,
  OpenAiCompletedImage: openAiCompletedImage,
  OpenAiModel: openAiModel,
  OpenAiModels: z.strictObject({ object: z.literal('list'), data: z.array(openAiModel) }),
  OpenAiError: z.strictObject({
    error: z.strictObject({
      message: z.string(),
      type: z.enum([
        'invalid_request_error',
        'image_generation_user_error',
        'insufficient_quota',
        'rate_limit_error',
        'server_error',
      ]),
      param: z.string().nullable(),
      code: z.string().nullable(),
    }),
  }),
  ...a1111Responses,
  ...batchResponses,
  ...adminResponses,
} satisfies Record<string, z.ZodType>;

export type ResponseSchemaName = keyof typeof responseSchemas;

/** A body that the schema of that name describes; what is sent is held to it by the compiler. */
export type ResponseBody<Name extends ResponseSchemaName> = z.input<(typeof responseSchemas)[Name]>;
