import { z } from 'zod';
import { outputFormats } from '../../images/output-formats.ts';

/** What OpenAI's Images API answers; facts from the types of the npm package `openai` 6.49.0. */

const base64 = z.string().meta({ contentEncoding: 'base64' });

const picture = {
  background: z.literal('opaque'),
  output_format: z.enum(outputFormats),
  quality: z.enum(['low', 'medium', 'high']),
  size: z
    .string()
    .regex(/^\d+x\d+$/)
    .optional(),
};

const tokens = z.strictObject({ text_tokens: z.int(), image_tokens: z.int() });

const usage = z
  .strictObject({
    input_tokens: z.int(),
    input_tokens_details: tokens,
    output_tokens: z.int(),
    output_tokens_details: tokens,
    total_tokens: z.int(),
  })
  .meta({ description: 'Tokens of the prompts by CLIP; of pictures one for each 32x32 pixels' });

export const openAiImages = z.strictObject({
  created: z.int(),
  data: z.array(
    z
      .strictObject({ url: z.url().optional(), b64_json: base64.optional() })
      .meta({ description: 'One of both or both, see response_format' }),
  ),
  ...picture,
  usage,
});

export const openAiPartialImage = z
  .strictObject({
    type: z.enum(['image_generation.partial_image', 'image_edit.partial_image']),
    b64_json: base64,
    partial_image_index: z.int().min(0),
    created_at: z.int(),
    ...picture,
  })
  .meta({ description: 'Data of an event: a small picture of one on its way' });

export const openAiCompletedImage = z
  .strictObject({
    type: z.enum(['image_generation.completed', 'image_edit.completed']),
    b64_json: base64,
    created_at: z.int(),
    ...picture,
    usage,
  })
  .meta({ description: 'Data of an event: a finished picture' });

const range = z.array(z.number()).length(2).meta({ description: 'Least and most' });

const modelDefaults = z.strictObject({
  scheduler: z.string().meta({ description: 'A name for `scheduler`, or `sampler` and `schedule` in one' }),
  sampler: z.string().optional().meta({ description: 'Where the default is no name for `scheduler`' }),
  schedule: z.string().optional(),
  num_inference_steps: z.int(),
  guidance_scale: z.number(),
  negative_prompt: z.string(),
  clip_skip: z.int().optional(),
});
const modelRanges = z.strictObject({ num_inference_steps: range, guidance_scale: range });

export const openAiModel = z.strictObject({
  id: z.string(),
  object: z.literal('model'),
  created: z.int(),
  owned_by: z.string(),
  kind: z.enum(['base', 'refiner']).optional().meta({ description: 'Extension, as all that follows' }),
  loaded: z.boolean().optional().meta({ description: 'Whether some worker has it loaded' }),
  adapters: z
    .literal(false)
    .optional()
    .meta({ description: 'Said of exported networks: no LoRA and no embedding can be applied to them' }),
  sizes: z
    .strictObject({ minimum: z.int(), maximum: z.int(), multiple_of: z.int() })
    .optional()
    .meta({ description: 'Sides of pictures' }),
  defaults: modelDefaults
    .extend({ img_width: z.int(), img_height: z.int(), refiner: z.boolean() })
    .optional()
    .meta({ description: 'Of text to image' }),
  ranges: modelRanges.optional(),
  image_to_image: z
    .strictObject({ defaults: modelDefaults, ranges: modelRanges })
    .optional()
    .meta({ description: 'As `base_model`, where it can be one' }),
});
