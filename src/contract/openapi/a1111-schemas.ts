import { z } from 'zod';

/** Answers of AUTOMATIC1111's API (modules/api/models.py, commit 008a8e7). */

const named = z.strictObject({ name: z.string() });
const record = z.record(z.string(), z.unknown());
const embedding = z.strictObject({
  step: z.int().nullable(),
  sd_checkpoint: z.string().nullable(),
  sd_checkpoint_name: z.string().nullable(),
  shape: z.int().meta({ description: 'Numbers of one vector, both text encoders together' }),
  vectors: z.int(),
});

export const a1111Responses = {
  A1111Images: z.strictObject({
    images: z.array(z.string()).meta({ description: 'base64; none where send_images is false' }),
    parameters: record.meta({ description: 'The request, with defaults' }),
    info: z.string().meta({ description: 'JSON: seeds, prompts, infotexts ...' }),
  }),
  A1111Progress: z.strictObject({
    progress: z.number().min(0).max(1),
    eta_relative: z.number().meta({ description: 'Seconds' }),
    state: z.strictObject({
      skipped: z.boolean(),
      interrupted: z.boolean(),
      stopping_generation: z.boolean(),
      job: z.string(),
      job_count: z.int(),
      job_timestamp: z.string(),
      job_no: z.int(),
      sampling_step: z.int(),
      sampling_steps: z.int(),
    }),
    current_image: z.string().nullable().meta({ description: 'A small PNG in base64' }),
    textinfo: z.string().nullable(),
  }),
  A1111Samplers: z.array(
    z.strictObject({
      ...named.shape,
      aliases: z.array(z.string()),
      options: z.record(z.string(), z.string()),
    }),
  ),
  A1111Schedulers: z.array(
    z.strictObject({
      ...named.shape,
      label: z.string(),
      aliases: z.array(z.string()).nullable(),
      default_rho: z.number(),
      need_inner_model: z.boolean(),
    }),
  ),
  A1111Models: z.array(
    z.strictObject({
      title: z.string(),
      model_name: z.string(),
      hash: z.string().nullable(),
      sha256: z.string().nullable(),
      filename: z.string(),
      config: z.string().nullable(),
    }),
  ),
  A1111Embeddings: z.strictObject({
    loaded: z.record(z.string(), embedding),
    skipped: z.record(z.string(), embedding),
  }),
  A1111Loras: z.array(
    z.strictObject({ ...named.shape, alias: z.string(), path: z.string(), metadata: record }),
  ),
  A1111Styles: z.array(
    z.strictObject({ ...named.shape, prompt: z.string().nullable(), negative_prompt: z.string().nullable() }),
  ),
  A1111Options: record,
  A1111PngInfo: z.strictObject({
    info: z.string(),
    items: z.record(z.string(), z.string()),
    parameters: record,
  }),
  A1111Memory: z.strictObject({
    ram: z.strictObject({ free: z.number(), used: z.number(), total: z.number() }),
    cuda: z.strictObject({ error: z.string() }),
  }),
  A1111Flags: record,
  A1111Scripts: z.strictObject({ txt2img: z.array(z.string()), img2img: z.array(z.string()) }),
  A1111None: z.array(z.never()),
  A1111Done: z.union([z.strictObject({}), z.null()]),
  A1111Error: z.strictObject({
    error: z.string(),
    detail: z.string(),
    body: z.string(),
    errors: z.string(),
  }),
  A1111WrongFields: z.strictObject({
    detail: z.array(
      z.strictObject({
        type: z.enum(['missing', 'value_error']),
        loc: z.array(z.string()),
        msg: z.string(),
        input: z.string().nullable(),
      }),
    ),
  }),
} satisfies Record<string, z.ZodType>;
